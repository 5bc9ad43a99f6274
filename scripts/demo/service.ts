// A small web service for the demo: answers, and on request hangs or breaks. Appends a line to its log for each request.
import { appendFileSync } from 'node:fs';
import http from 'node:http';

const port = Number(process.argv[2]);
const log = process.argv[3];
let mood: 'well' | 'hanging' | 'broken' = 'well';

const server = http.createServer((request, response) => {
  if (request.method === 'POST') {
    mood = request.url === '/hang' ? 'hanging' : 'broken';
    response.end('as you wish\n');
    return;
  }
  if (log) appendFileSync(log, `${new Date().toISOString()} ${request.method} ${request.url} ${mood}\n`);
  if (mood === 'hanging') return; // never answers
  response.statusCode = mood === 'broken' ? 500 : 200;
  response.end(`${mood}\n`);
});
server.listen(port, '127.0.0.1');
