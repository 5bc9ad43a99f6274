// Which commands say who keeps what they restart, and which say nothing that could be relied on (R12).
import { expect, it } from 'vitest';
import { keeperOfCommand } from './keeper-of-command.ts';

it.each([
  ['pm2 restart web', { by: 'pm2', name: 'web' }],
  ['/usr/local/bin/pm2 reload web --silent', { by: 'pm2', name: 'web' }],
  ['systemctl --user restart web', { by: 'systemd', name: 'web.service', at: 'user' }],
  ['systemctl restart web@1.service', { by: 'systemd', name: 'web@1.service', at: 'system' }],
  ['brew services restart redis', { by: 'brew', name: 'redis' }],
  ['docker restart shop-web-1', { by: 'docker', name: 'shop-web-1' }],
  ['launchctl kickstart -k gui/501/com.example.web', { by: 'launchd', name: 'com.example.web' }],
  ['supervisorctl restart shop:web', { by: 'supervisord', name: 'shop:web' }],
  ['pm2 restart all', undefined],
  ['pm2 restart 3', undefined],
  ['pm2 restart ./app.js', undefined],
  ['pm2 restart web api', undefined],
  ['pm2 stop web', undefined],
  ['supervisorctl -c /etc/other.conf restart web', undefined],
  ['docker compose restart web', undefined],
  ['launchctl kickstart -k system/com.example.web', undefined],
  ['clawdbot gateway restart', undefined],
  ['sh restart.sh web', undefined],
])('%s', (command, keeper) => {
  expect(keeperOfCommand(command.split(' '))).toEqual(keeper);
});
