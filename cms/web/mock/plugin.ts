/** Stands in for the CMS while the pages are worked on: the same paths, an invented quarter. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Connect, Plugin } from 'vite';
import * as city from './state.ts';

const listeners = new Set<ServerResponse>();
const send = (name: string, data: object) => {
  for (const res of listeners) res.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
};

async function bodyOf(req: IncomingMessage) {
  let text = '';
  for await (const chunk of req) text += chunk;
  return text ? JSON.parse(text) : {};
}

function reply(res: ServerResponse, status: number, data?: object) {
  res.statusCode = status;
  res.setHeader('content-type', status >= 400 ? 'application/problem+json' : 'application/json');
  res.end(data === undefined ? '' : JSON.stringify(data));
}

const refuse = (res: ServerResponse, field: string, rule: string, got: unknown) =>
  reply(res, 422, { title: 'Not accepted', status: 422, detail: `${field}: ${rule}`,
    errors: [{ field, rule, got }] });

function lists(path: string, query: URLSearchParams): object[] | null {
  switch (path) {
    case '/streets': return city.streets;
    case '/lamp-types': return city.lampTypes;
    case '/lamps': return Object.values(city.lamps).map(city.age);
    case '/bays': return Object.values(city.bays).map(city.age);
    case '/overrides': return Object.values(city.overrides).filter((o) =>
      query.get('state') !== 'active' || ['pending', 'active'].includes(o.state));
    case '/programs': return Object.values(city.programs);
    case '/calendars': return Object.values(city.calendars);
    case '/groups': return Object.values(city.groups);
    case '/assignments': return Object.values(city.assignments);
    case '/feeders': return city.feeders;
    case '/receipts': return city.receipts.filter((r) => (query.get('state') ?? r.state) === r.state);
    case '/cabinets': return [];
    case '/alarms': return Object.values(city.alarms).filter((a) =>
      query.get('state') === 'all' || !a.ended_at);
    default: return null;
  }
}

function write(path: string, method: string, body: any, res: ServerResponse) {
  const [, kind, id] = path.split('/') as [string, string, string | undefined];
  const store = { programs: city.programs, calendars: city.calendars, groups: city.groups }[kind];
  if (!store) return reply(res, 404, { title: 'Not found', status: 404, detail: path });
  if (method === 'DELETE') {
    const gone = store[id!];
    delete store[id!];
    return reply(res, 200, gone);
  }
  if (kind === 'programs') {
    const late = body.steps?.findIndex((s: any, i: number) => i && s.at <= body.steps[i - 1].at);
    if (late > 0) return refuse(res, `steps[${late}].at`, 'later than the step before it', body.steps[late].at);
  }
  const key = id ?? `${kind[0]!.toUpperCase()}-${Object.keys(store).length + 10}`;
  store[key] = { ...body, id: key };
  return reply(res, id ? 200 : 201, store[key]);
}

function post(path: string, body: any, res: ServerResponse): boolean {
  const alarm = /^\/alarms\/([^/]+)\/acknowledge$/.exec(path);
  if (path === '/session') reply(res, 204);
  else if (path === '/pairings') reply(res, 201, city.pair(body.pairings));
  else if (path === '/overrides') {
    if (body.level_percent > 100) refuse(res, 'level_percent', '0 to 100', body.level_percent);
    else reply(res, 201, city.command(body, send));
  } else if (path === '/assignments') reply(res, 201, city.assign(body, send));
  else if (path === '/preview') reply(res, 200, city.preview(body.program, body.date, city.site));
  else if (alarm) {
    const found = city.alarms[alarm[1]!];
    Object.assign(found, { acknowledged_by: 'N. Vermeulen', acknowledged_at: city.iso(city.now()) });
    send('alarm', found);
    reply(res, 200, found);
  } else return false;
  return true;
}

function get(path: string, query: URLSearchParams, res: ServerResponse) {
  const items = lists(path, query);
  if (items) return reply(res, 200, { items, next_cursor: null, total: items.length });
  if (path === '/site') {
    return reply(res, 200, { ...city.site, now: city.iso(city.now()), speed: city.SPEED, ...city.sun() });
  }
  if (path === '/installs') {
    const on = query.get('on') ?? city.iso(city.now() - 86_400_000).slice(0, 10);
    const items = city.installs.filter((i) => i.paired_at.slice(0, 10) === on);
    return reply(res, 200, { items, on, next_cursor: null, total: items.length });
  }
  if (path === '/me') return reply(res, 200, { name: 'N. Vermeulen', role: 'operator' });
  const lamp = /^\/lamps\/([^/]+)\/why$/.exec(path);
  if (lamp) return reply(res, 200, city.why(lamp[1]!));
  const driver = /^\/lamps\/([^/]+)\/driver$/.exec(path);
  if (driver) return reply(res, 200, city.driver(driver[1]!));
  if (path === '/preview') {
    const date = query.get('date') ?? city.iso(city.now()).slice(0, 10);
    return reply(res, 200, city.preview(city.programs['P-1']!, date, city.site));
  }
  return reply(res, 404, { title: 'Not found', status: 404, detail: path });
}

const answer: Connect.NextHandleFunction = async (req, res, next) => {
  const url = new URL(req.url!, 'http://mock');
  if (!url.pathname.startsWith('/api/v1/')) return next();
  const path = url.pathname.slice('/api/v1'.length);
  if (path === '/stream') {
    res.setHeader('content-type', 'text/event-stream');
    res.write(': here\n\n');
    listeners.add(res as ServerResponse);
    req.on('close', () => listeners.delete(res as ServerResponse));
    return;
  }
  if (req.method === 'GET') return get(path, url.searchParams, res as ServerResponse);
  const body = await bodyOf(req as IncomingMessage);
  const undo = /^\/overrides\/([^/]+)$/.exec(path);
  if (undo && req.method === 'DELETE') {
    return reply(res as ServerResponse, 200, city.release(undo[1]!, send));
  }
  if (req.method === 'POST' && post(path, body, res as ServerResponse)) return;
  return write(path, req.method!, body, res as ServerResponse);
};

export function mock(): Plugin {
  const begin = () => city.live(send).unref();
  return {
    name: 'mock-cms',
    configureServer(server) { begin(); server.middlewares.use(answer); },
    configurePreviewServer(server) { begin(); server.middlewares.use(answer); },
  };
}
