/** One stream for all tabs: a browser allows six connections, and each tab would take one. */
import { openStream } from './stream-core.ts';

const ports = new Set<MessagePort>();
const stream = openStream((message) => {
  for (const port of ports) port.postMessage(message);
});

(self as unknown as SharedWorkerGlobalScope).onconnect = (event) => {
  const port = event.ports[0]!;
  ports.add(port);
  port.onmessage = ({ data }) => {
    if (data === 'bye') ports.delete(port);
    if (data !== 'wake') return;
    stream.wake();
    port.postMessage({ name: stream.isOpen() ? 'open' : 'lost', data: null });
  };
  port.postMessage({ name: stream.isOpen() ? 'open' : 'lost', data: null });
};
