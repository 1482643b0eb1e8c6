/** What a person does to the city, what was said about it, and how to take it back. */
import { call, Refused } from './api.ts';
import { city } from './city.svelte.ts';
import { t } from './i18n.svelte.ts';
import { isRunning } from './signs.ts';
import type { Alarm, Override } from './types.ts';

export interface Order {
  lamp_ids: string[]; group_ids: string[]; level_percent: number; expires_in_s: number;
  rank: string; reason: string;
}

class Acts {
  /** Read out politely and shown for a moment. */
  said = $state('');
  #timer: ReturnType<typeof setTimeout> | undefined;

  say(text: string) {
    this.said = text;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => { this.said = ''; }, 6000);
  }

  async dim(order: Order): Promise<Override> {
    const made = await call<Override>('POST', '/overrides', order);
    // The stream may have told of it before the answer came: what is further on stays.
    if (!city.overrides.has(made.id)) city.putOverride(made);
    return made;
  }

  async undo(o: Override) {
    try {
      city.putOverride(await call<Override>('DELETE', `/overrides/${o.id}`));
      this.say(t('act.undone', { level: o.level_percent }));
    } catch (error) {
      this.say(error instanceof Refused ? error.message : t('act.noAnswer'));
    }
  }

  /** Takes back the newest command that still runs. */
  async undoLast() {
    const running = [...city.overrides.values()].filter(isRunning);
    const newest = running.sort((a, b) => b.created_at.localeCompare(a.created_at))[0];
    if (newest) await this.undo(newest);
    else this.say(t('act.nothingToUndo'));
  }

  async acknowledge(alarm: Alarm) {
    try {
      city.putAlarm(await call<Alarm>('POST', `/alarms/${alarm.id}/acknowledge`));
    } catch (error) {
      this.say(error instanceof Refused ? error.message : t('act.noAnswer'));
    }
  }
}

export const acts = new Acts();
