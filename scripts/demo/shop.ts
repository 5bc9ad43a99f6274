// The service of the transcript: answers, unless a file named `broken` lies beside it; then it ends at once, as a bad deployment does.
import { existsSync } from 'node:fs';
import http from 'node:http';

if (existsSync('broken')) {
  process.stderr.write('Error: cannot find the price list\n');
  process.exit(1);
}
http
  .createServer((_request, response) => response.end('open\n'))
  .listen(Number(process.argv[2]), '127.0.0.1', () => process.stdout.write('shop is open\n'));
