/** A programme being drawn: its steps from noon on, what it was, and every state it had. */
import { fromNoon, toClock } from './curve.ts';
import type { Dynamic, Period, Program } from './types.ts';

/** min: minutes after noon, 0 to 1439. */
export interface DraftStep { min: number; level_percent: number; ramp_s: number }
interface State { name: string; steps: DraftStep[]; periods: Period[]; dynamic: Dynamic[] }

const LAST_MIN = 1439;
const PAST_MAX = 200;

export function freshProgram(name: string): Program {
  return {
    name,
    steps: [{ at: '06:00', level_percent: 100, ramp_s: 60 }, { at: '22:30', level_percent: 60, ramp_s: 60 }],
    active_periods: [{ kind: 'astro', on_offset_min: -5, off_offset_min: 10 }], dynamic: [],
  };
}

function stateOf(p: Program): State {
  const steps = p.steps.map((s) => ({
    min: fromNoon(s.at), level_percent: s.level_percent, ramp_s: s.ramp_s ?? 0,
  }));
  return { name: p.name, steps: steps.sort((a, b) => a.min - b.min),
    periods: [...p.active_periods], dynamic: [...p.dynamic] };
}

export class Draft {
  saved = $state.raw<Program>(freshProgram(''));
  state = $state.raw<State>(stateOf(freshProgram('')));
  chosen = $state(-1);
  #past = $state.raw<State[]>([]);
  #isGrabbed = false;

  constructor(program: Program) {
    this.saved = program;
    this.state = stateOf(program);
  }

  /** What would be sent: steps in increasing time of day. */
  get program(): Program {
    const { name, steps, periods, dynamic } = this.state;
    const sent = steps.map((s) => ({
      at: toClock(s.min), level_percent: s.level_percent, ramp_s: s.ramp_s,
    }));
    sent.sort((a, b) => a.at.localeCompare(b.at));
    return { ...(this.saved.id ? { id: this.saved.id } : {}), name, steps: sent,
      active_periods: periods, dynamic };
  }

  get isChanged(): boolean {
    return !this.saved.id || JSON.stringify(stateOf(this.saved)) !== JSON.stringify(this.state);
  }

  get canUndo(): boolean {
    return this.#past.length > 0;
  }

  /** A drag is one change, however many positions it passes. */
  grab() {
    this.#keep();
    this.#isGrabbed = true;
  }

  drop() {
    this.#isGrabbed = false;
  }

  #keep() {
    if (!this.#isGrabbed) this.#past = [...this.#past.slice(-PAST_MAX), this.state];
  }

  set(change: Partial<State>) {
    this.#keep();
    this.state = { ...this.state, ...change };
  }

  undo() {
    const last = this.#past.at(-1);
    if (!last) return;
    this.state = last;
    this.#past = this.#past.slice(0, -1);
    this.chosen = Math.min(this.chosen, this.state.steps.length - 1);
  }

  reset(program: Program) {
    this.saved = program;
    this.state = stateOf(program);
    this.#past = [];
  }

  /** Moves a step, kept between its neighbours; below the floor there is only off. */
  place(i: number, min: number, level_percent: number, floor: number) {
    const steps = [...this.state.steps];
    const step = steps[i];
    if (!step) return;
    const low = (steps[i - 1]?.min ?? -1) + 1;
    const high = (steps[i + 1]?.min ?? LAST_MIN + 1) - 1;
    const level = Math.max(floor, Math.min(100, Math.round(level_percent)));
    const off = step.level_percent === 0 && level_percent <= 0;
    steps[i] = { ...step, min: Math.max(low, Math.min(high, Math.round(min))), level_percent: off ? 0 : level };
    this.set({ steps });
  }

  put(i: number, change: Partial<DraftStep>) {
    const steps = this.state.steps.map((s, k) => (k === i ? { ...s, ...change } : s));
    const moved = steps[i]!;
    if (steps.some((s, k) => k !== i && s.min === moved.min)) return;
    steps.sort((a, b) => a.min - b.min);
    this.set({ steps });
    this.chosen = steps.indexOf(moved);
  }

  /** Adds a step in the widest gap of the night, or at a time. */
  add(at_min?: number, level_percent?: number) {
    const steps = [...this.state.steps];
    let min = at_min ?? 720;
    while (steps.some((s) => s.min === min)) min = (min + 30) % LAST_MIN;
    const before = steps.findLast((s) => s.min < min) ?? steps.at(-1);
    const made = { min, level_percent: level_percent ?? before?.level_percent ?? 100, ramp_s: 60 };
    steps.push(made);
    steps.sort((a, b) => a.min - b.min);
    this.set({ steps });
    this.chosen = steps.indexOf(made);
  }

  remove(i: number) {
    this.set({ steps: this.state.steps.filter((_, k) => k !== i) });
    this.chosen = Math.min(i, this.state.steps.length - 1);
  }
}
