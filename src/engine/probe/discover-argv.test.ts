import { describe, expect, it } from 'vitest';
import { compileMatch } from '../../contract/match.ts';
import { looksSecret, programOf } from './discover-argv.ts';
import { agentName, appName, uniqueIds } from './discover-names.ts';

describe('what a command line runs', () => {
  it.each([
    [['python3', 'app.py'], 'app.py'],
    [['/usr/bin/python3.13', '-I', 'hub-api.py', '--port', '8080'], 'hub-api.py'],
    [['python3', '-W', 'ignore', 'app.py'], 'app.py'],
    [['python3', '-m', 'http.server', '8000'], 'http.server'],
    [['node', '--import', './tracing.js', '/srv/web/server.js'], 'server.js'],
    [['bun', 'run', 'index.ts'], 'index.ts'],
    [['java', '-Xmx1g', '-jar', '/opt/x/tool.jar'], 'tool.jar'],
    [['php', '-S', '127.0.0.1:8000'], 'server'],
    [['/opt/homebrew/bin/ollama', 'serve'], 'ollama'],
  ])('%j is %s, and its match fits it', (argv, name) => {
    const program = programOf(argv);
    expect(program?.name).toBe(name);
    expect(compileMatch(program?.match ?? '')(argv.join(' '))).toBe(true);
  });

  it.each([[['python3', '-c', 'print(1)']], [['node', '-e', 'x']], [['bash']]])('%j has no script that could name it', (argv) => {
    expect(programOf(argv)).toBeUndefined();
  });

  it('does not fit a program whose name only ends the same', () => {
    expect(compileMatch(programOf(['python3', 'app.py'])?.match ?? '')('python3 myapp.py')).toBe(false);
    expect(compileMatch(programOf(['python3', 'app.py'])?.match ?? '')('python3 app-py')).toBe(false);
  });
});

describe('secrets', () => {
  it.each([
    '--password=x',
    '--token',
    'API_KEY=1',
    'postgres://me:pw@localhost/db',
    '--auth',
    'ghp_16C7e42F292c6912E7710c838347Ae178B4a',
    'sk-4f9a8b7c6d5e4f3a2b1c0d9e',
  ])('%s looks like one', (word) => expect(looksSecret(['node', 'server.js', word])).toBe(true));
  it.each(['--port=3000', '/srv/fitness-tracker/app.py', '--author=me', 'my-very-long-service-name-for-2026', '127.0.0.1:8000'])(
    '%s does not',
    (word) => expect(looksSecret(['node', 'server.js', word])).toBe(false),
  );
});

describe('names', () => {
  it.each([
    ['app.py', '/home/me/clawd/fitness-tracker', 'Fitness Tracker'],
    ['server.js', '/home/me/hub/dist', 'Hub'],
    ['hub-api.py', '/home/me/clawd/dashboard', 'Hub Api'],
    ['redis-server', '/', 'Redis Server'],
    ['app.py', '/home/me', 'App'],
    ['index.js', '/srv/日本', 'Srv'],
  ])('%s in %s is %s', (program, cwd, name) => expect(appName(program, cwd, '/home/me')).toBe(name));

  it('a label is named by its last words', () => {
    expect(agentName('homebrew.mxcl.postgresql@17')).toBe('Postgresql 17');
    expect(agentName('bot.molt.gateway')).toBe('Molt Gateway');
  });

  it('ids are kebab-case, never empty, and given once', () => {
    const idOf = uniqueIds(['disk']);
    expect([idOf('Disk', 80), idOf('Disk', 80), idOf('日本', 3000), idOf('Élan Vital'), idOf('日本')]).toEqual([
      'disk-80',
      'disk-80-2',
      'port-3000',
      'elan-vital',
      'service',
    ]);
  });
});
