/** Keeps an event stream open: an answer such as 503 closes an EventSource for good, so reopen. */

export interface StreamMessage { name: string; data: unknown }

const NAMES = ['lamp', 'bay', 'alarm', 'event', 'progress', 'resync'];
const WAIT_MS_MIN = 1000;
const WAIT_MS_MAX = 30_000;

export function openStream(tell: (message: StreamMessage) => void) {
  let source: EventSource | null = null;
  let wait_ms = WAIT_MS_MIN;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wasLost = false;

  function open() {
    clearTimeout(timer);
    source?.close();
    source = new EventSource('/api/v1/stream');
    source.onopen = () => {
      wait_ms = WAIT_MS_MIN;
      tell({ name: 'open', data: null });
      // A new stream knows nothing of what passed meanwhile: the lists have to be read again.
      if (wasLost) tell({ name: 'resync', data: null });
      wasLost = false;
    };
    source.onerror = () => {
      tell({ name: 'lost', data: null });
      if (source?.readyState !== EventSource.CLOSED) return;
      wasLost = true;
      timer = setTimeout(open, wait_ms);
      wait_ms = Math.min(wait_ms * 2, WAIT_MS_MAX);
    };
    for (const name of NAMES) {
      source.addEventListener(name, (e) => {
        const text = (e as MessageEvent<string>).data;
        tell({ name, data: text ? JSON.parse(text) : null });
      });
    }
  }

  open();
  return { reopen: open, isOpen: () => source?.readyState === EventSource.OPEN };
}
