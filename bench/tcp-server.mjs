// The server of the TCP figure: takes connections, and says its port.
import { createServer } from 'node:net';

const server = createServer((socket) => socket.on('error', () => undefined).resume());
server.listen(0, '127.0.0.1', 4096, () => process.stdout.write(`${server.address().port}\n`));
