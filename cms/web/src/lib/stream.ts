/** The stream of changes: by a worker that all tabs share, or by this page where there is none. */
import { openStream, type StreamMessage } from './stream-core.ts';

export function connect(tell: (message: StreamMessage) => void): void {
  if (typeof SharedWorker === 'undefined') {
    openStream(tell);
    return;
  }
  const worker = new SharedWorker(new URL('./stream-worker.ts', import.meta.url), {
    type: 'module', name: 'lamplighter-stream',
  });
  worker.port.onmessage = (event) => tell(event.data as StreamMessage);
  worker.port.start();
  // A worker of another tab may be waiting to try again; a fresh page need not wait.
  worker.port.postMessage('open');
  addEventListener('pagehide', () => worker.port.postMessage('bye'));
}
