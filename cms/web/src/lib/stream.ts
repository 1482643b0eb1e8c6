/** The stream of changes: by a worker that all tabs share, or by this page where there is none. */
import { openStream, type StreamMessage } from './stream-core.ts';

/** Begins to listen; the function it gives back tries again at once. */
export function connect(tell: (message: StreamMessage) => void): () => void {
  if (typeof SharedWorker === 'undefined') return openStream(tell).wake;
  const worker = new SharedWorker(new URL('./stream-worker.ts', import.meta.url), {
    type: 'module', name: 'lamplighter-stream',
  });
  worker.port.onmessage = (event) => tell(event.data as StreamMessage);
  worker.port.start();
  const wake = () => worker.port.postMessage('wake');
  // A worker of another tab may be waiting to try again; a fresh page need not wait.
  wake();
  addEventListener('pagehide', () => worker.port.postMessage('bye'));
  return wake;
}
