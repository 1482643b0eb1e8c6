/** Keeps an event stream open: an answer such as 503 closes an EventSource for good, so reopen. */

export interface StreamMessage { name: string; data: unknown }

const NAMES = ['lamp', 'bay', 'alarm', 'event', 'progress', 'resync'];
const WAIT_MS_MIN = 1000;
const WAIT_MS_MAX = 30_000;

export function openStream(tell: (message: StreamMessage) => void) {
  let source: EventSource | null = null;
  let wait_ms = WAIT_MS_MIN;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let newest = '';

  function open() {
    clearTimeout(timer);
    source?.close();
    // A source made anew does not know what the one before it heard last.
    source = new EventSource(`/api/v1/stream${newest ? `?after=${encodeURIComponent(newest)}` : ''}`);
    source.onopen = () => {
      wait_ms = WAIT_MS_MIN;
      tell({ name: 'open', data: null });
    };
    source.onerror = () => {
      tell({ name: 'lost', data: null });
      if (source?.readyState !== EventSource.CLOSED) return;
      clearTimeout(timer);
      timer = setTimeout(open, wait_ms);
      wait_ms = Math.min(wait_ms * 2, WAIT_MS_MAX);
    };
    for (const name of NAMES) {
      source.addEventListener(name, (e) => {
        const { data, lastEventId } = e as MessageEvent<string>;
        if (lastEventId) newest = lastEventId;
        tell({ name, data: data ? JSON.parse(data) : null });
      });
    }
  }

  open();
  return {
    /** Tries at once, where it would have waited. */
    wake() {
      if (source?.readyState === EventSource.CLOSED) open();
    },
    isOpen: () => source?.readyState === EventSource.OPEN,
  };
}
