// The floor of the TCP figure: one timer that makes its share of the connections every 25 ms and closes them, and nothing
// else. Arguments: port, how many, in how many ms. Says how many were made so far, when asked by a line.
import { connect } from 'node:net';

const SLOT_MS = 25;
const [port, count, everyMs] = process.argv.slice(2).map(Number);
const began = performance.now();
let begun = 0;
let made = 0;
function look() {
  begun += 1;
  const socket = connect({ host: '127.0.0.1', port }, () => {
    made += 1;
    socket.destroy();
  });
  socket.on('error', (error) => {
    throw error;
  });
}
setInterval(() => {
  // By the clock, so that a timer that comes a little late makes no fewer; what a stall has swallowed is not made up for.
  const due = ((performance.now() - began) * count) / everyMs;
  begun = Math.max(begun, due - (4 * count * SLOT_MS) / everyMs);
  while (begun < due) look();
}, SLOT_MS);
process.stdin.on('data', () => process.stdout.write(`${made}\n`));
