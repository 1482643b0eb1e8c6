/** What the pages know of the city: the lists of the CMS, kept current by its stream. */
import { get, list, session } from './api.ts';
import { connect } from './stream.ts';
import type { StreamMessage } from './stream-core.ts';
import type {
  Alarm, Assignment, Bay, Calendar, Feeder, Group, Lamp, LampType, Me, Override, Program, Receipt,
  Site, Street,
} from './types.ts';

type Table<T> = ReadonlyMap<string, T>;
const FLUSH_MS = 200;
const SITE_MS = 60_000;
const TICK_MS = 500;
const RETRY_MS = 5000;

/** Two reporting periods of a node (60 s each); older values are marked as old. */
export const STALE_S = 120;

// Some ids are numbers in JSON; addresses and keys are always text.
const table = <T extends { id?: string }>(items: T[]): Table<T> =>
  new Map(items.map((item) => [String(item.id), item]));

class City {
  status = $state<'loading' | 'ready' | 'signin' | 'lost'>('loading');
  live = $state(false);
  me = $state.raw<Me | null>(null);
  site = $state.raw<Site | null>(null);
  /** City time in ms. */
  now = $state(Date.now());
  streets = $state.raw<Table<Street>>(new Map());
  types = $state.raw<Table<LampType>>(new Map());
  lamps = $state.raw<Table<Lamp>>(new Map());
  bays = $state.raw<Table<Bay>>(new Map());
  groups = $state.raw<Table<Group>>(new Map());
  feeders = $state.raw<Table<Feeder>>(new Map());
  overrides = $state.raw<Table<Override>>(new Map());
  alarms = $state.raw<Table<Alarm>>(new Map());
  /** Boards that were made and not heard yet. */
  planned = $state.raw<Table<Receipt>>(new Map());
  programs = $state.raw<Table<Program>>(new Map());
  calendars = $state.raw<Table<Calendar>>(new Map());
  assignments = $state.raw<Table<Assignment>>(new Map());

  #clock = { city_ms: Date.now(), page_ms: performance.now(), speed: 1 };
  #waiting: StreamMessage[] = [];
  #wake: (() => void) | null = null;

  /** The place's name as a name is written. */
  get name() {
    const name = this.site?.name ?? '';
    return name.charAt(0).toUpperCase() + name.slice(1);
  }

  get zone() {
    return this.site?.zone ?? 'UTC';
  }

  #tick() {
    const { city_ms, page_ms, speed } = this.#clock;
    this.now = city_ms + (performance.now() - page_ms) * speed;
  }

  async #loadSite() {
    const site = await get<Site>('/site');
    this.#clock = {
      city_ms: Date.parse(site.now), page_ms: performance.now(), speed: site.speed ?? 1,
    };
    this.#tick();
    this.site = site;
  }

  /** Reads everything; called at the start, after signing in and when the stream says resync. */
  async load() {
    try {
      this.me = await get<Me>('/me');
      await this.#loadSite();
      await this.#loadLists();
      this.status = 'ready';
      this.#start();
    } catch {
      // What is on the screen stays there, marked as standing still; an empty page says why.
      this.live = false;
      if (this.status === 'loading' || this.status === 'lost') {
        this.status = 'lost';
        setTimeout(() => void this.load(), RETRY_MS);
      }
    }
  }

  async #loadLists() {
    const [streets, types, lamps, bays, groups, feeders, pending, active, alarms] = await Promise.all([
      list<Street>('/streets'), list<LampType>('/lamp-types'), list<Lamp>('/lamps'),
      list<Bay>('/bays'), list<Group>('/groups'), list<Feeder>('/feeders'),
      list<Override>('/overrides?state=pending'), list<Override>('/overrides?state=active'),
      list<Alarm>('/alarms?state=open'),
    ]);
    this.streets = table(streets);
    this.types = table(types);
    this.lamps = table(lamps);
    this.bays = table(bays);
    this.groups = table(groups);
    this.feeders = table(feeders);
    this.alarms = table(alarms);
    this.overrides = table([...pending, ...active]);
    await Promise.all([this.loadPlans(), this.#loadPlanned()]);
  }

  async #loadPlanned() {
    this.planned = table(await list<Receipt>('/receipts?state=planned'));
  }

  async loadGroups() {
    this.groups = table(await list<Group>('/groups'));
  }

  async loadPlans() {
    const [programs, calendars, assignments] = await Promise.all([
      list<Program>('/programs'), list<Calendar>('/calendars'), list<Assignment>('/assignments'),
    ]);
    this.programs = table(programs);
    this.calendars = table(calendars);
    this.assignments = table(assignments);
  }

  #start() {
    if (this.#wake) {
      this.#wake();
      return;
    }
    this.#wake = connect((message) => this.#hear(message));
    // The stream needs a while to notice a cable that is out; the browser knows at once.
    addEventListener('offline', () => { this.live = false; });
    addEventListener('online', () => this.#wake?.());
    setInterval(() => this.#flush(), FLUSH_MS);
    setInterval(() => this.#tick(), TICK_MS);
    setInterval(() => {
      void Promise.all([this.#loadSite(), this.#loadPlanned()]).catch(() => { this.live = false; });
    }, SITE_MS);
  }

  #hear(message: StreamMessage) {
    if (message.name === 'open') this.live = true;
    else if (message.name === 'lost') this.live = false;
    else if (message.name === 'resync') void this.load();
    else {
      this.live = true;
      this.#waiting.push(message);
    }
  }

  /** Changes come in bursts; the pages are told a few times a second, each table once. */
  #flush() {
    if (!this.#waiting.length) return;
    const lamps: Lamp[] = [];
    const bays: Bay[] = [];
    for (const { name, data } of this.#waiting.splice(0)) {
      if (name === 'lamp') lamps.push(data as Lamp);
      else if (name === 'bay') bays.push(data as Bay);
      else if (name === 'alarm') this.putAlarm(data as Alarm);
      else if (name === 'progress') this.#progress(data as { kind: string });
    }
    if (lamps.length) this.lamps = merged(this.lamps, lamps);
    if (bays.length) this.bays = merged(this.bays, bays);
  }

  #progress(data: { kind: string }) {
    if (data.kind === 'override') this.putOverride(data as unknown as Override);
    else if (data.kind === 'assignment') this.putAssignment(data as unknown as Assignment);
  }

  putOverride(o: Override) {
    this.overrides = merged(this.overrides, [o]);
  }

  putAssignment(a: Assignment) {
    this.assignments = merged(this.assignments, [a]);
  }

  putAlarm(a: Alarm) {
    this.alarms = merged(this.alarms, [a]);
  }
}

function merged<T extends { id?: string }>(old: Table<T>, items: T[]): Table<T> {
  const next = new Map(old);
  for (const item of items) next.set(String(item.id), item);
  return next;
}

export const city = new City();
session.onLost = () => {
  city.status = 'signin';
};
