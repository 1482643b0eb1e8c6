/** Speaks with the CMS: JSON over the same origin, a cookie says who asks. */
import type { FieldError } from './types.ts';

const BASE = '/api/v1';
const PAGE_ITEMS = 1000;

/** What the CMS refused, with the field and the rule where it named them (RFC 9457). */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly errors: FieldError[],
  ) {
    super(detail || title);
  }

  /** The rule that a field broke; undefined when the field was fine. */
  ruleOf(field: string): string | undefined {
    return this.errors.find((e) => e.field === field || e.field.startsWith(`${field}[`))?.rule;
  }
}

/** Set by the frame: called when the session is gone. */
export const session = { onLost: () => {} };

async function refusal(answer: Response): Promise<Refused> {
  let told: { title?: string; detail?: string; errors?: FieldError[] } = {};
  const kind = answer.headers.get('content-type') ?? '';
  if (kind.includes('json')) told = await answer.json();
  const title = told.title ?? `${answer.status} ${answer.statusText}`;
  return new Refused(answer.status, title, told.detail ?? '', told.errors ?? []);
}

export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const answer = await fetch(BASE + path, {
    method,
    credentials: 'same-origin',
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!answer.ok) {
    const why = await refusal(answer);
    if (answer.status === 401 && path !== '/session') session.onLost();
    throw why;
  }
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}

export const get = <T>(path: string) => call<T>('GET', path);

/** A whole list, page by page. */
export async function list<T>(path: string): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const query: string = `${path.includes('?') ? '&' : '?'}limit=${PAGE_ITEMS}`
      + (cursor ? `&cursor=${encodeURIComponent(cursor)}` : '');
    const page: { items: T[]; next_cursor: string | null } = await get(path + query);
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  return items;
}
