// Who runs the service, and who only names it, by command lines as they are (R13).
import { describe, expect, it } from 'vitest';
import { isBystander, runsIt } from './runs-it.ts';

const START = ['python3', 'app.py'];

describe('runs it', () => {
  it.each<[string, string, (readonly string[])?]>([
    ['python3 app.py', 'app.py'],
    ['/usr/bin/python3.12 -u /srv/fitness/app.py --port 3000', 'app.py'],
    ['python3 -m http.server 8080', 'http.server 8080'],
    ['python3 manage.py runserver 8000', 'manage.py runserver'],
    ['java -Xmx1g -jar app.jar', 'app.jar'],
    ['nginx: master process /usr/sbin/nginx', 'nginx'],
    ['deno run --allow-net server.ts', 'server.ts'],
    ['/opt/clawdbot-gateway', '/(^|\\/)clawdbot-gateway( |$)/'],
    ['/usr/bin/python3 /usr/local/bin/uvicorn main:app --port 1', 'main:app', ['uvicorn', 'main:app']],
    ['node --require ./trace.js server.js', 'server.js', ['node', '--require', './trace.js', 'server.js']],
    ['python3.12 serve.py fitness', 'fitness', ['python3', 'serve.py', 'fitness']],
    ['bash -c while :; do ./loop; done', './loop', ['bash', '-c', 'while :; do ./loop; done']],
  ])('%s', (command, match, start = START) => {
    expect(runsIt({ command }, match, start)).toBe(true);
  });
});

describe('only names it', () => {
  it.each<[string, string, (readonly string[])?]>([
    ['node /usr/bin/assistant -p app.py is down, restart it', 'app.py'],
    ['node /usr/bin/assistant restart app.py', 'app.py'],
    ['python3 /usr/bin/pylint app.py', 'app.py'],
    ['bash -c cd /srv && grep -n x app.py', 'app.py'],
    ['bash -c sleep 60; python3 app.py', 'app.py', ['bash', '-c', 'python3 app.py']],
    ['sh', 'app.py'],
  ])('%s', (command, match, start = START) => {
    expect(runsIt({ command }, match, start)).toBe(false);
  });
});

it('a bystander is one by its name, unless the remedy starts that program or the match names it', () => {
  expect(isBystander({ name: 'vim', command: 'vim app.py' }, 'app.py', START)).toBe(true);
  expect(isBystander({ name: 'gvim', command: '/bin/sh /usr/bin/gvim app.py' }, 'app.py', START)).toBe(true);
  expect(isBystander({ name: 'systemd', command: '/usr/lib/systemd/systemd --user' }, 'user', START)).toBe(true);
  expect(isBystander({ name: 'ssh', command: 'ssh -N -L 5432:db:5432 hop' }, '5432:db', ['ssh', '-N'])).toBe(false);
  expect(isBystander({ name: 'nova', command: '/opt/nova/nova --serve' }, 'nova', ['./start.sh'])).toBe(false);
  expect(isBystander({ name: 'python3', command: 'python3 app.py' }, 'app.py', undefined)).toBe(false);
});
