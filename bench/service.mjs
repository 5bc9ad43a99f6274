// The service that the benchmarks break: a small Node http server. Arguments: port, pid file. Answers its pid; after
// POST /hang it takes connections and never answers again.
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [port, pidFile] = process.argv.slice(2);
let isHanging = false;
createServer((request, response) => {
  if (isHanging) return;
  if (request.method === 'POST') {
    isHanging = true;
    request.socket.destroy();
    return;
  }
  response.end(String(process.pid));
}).listen(Number(port), '127.0.0.1', () => writeFileSync(pidFile, `${process.pid}\n`));
