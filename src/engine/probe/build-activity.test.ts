// Which command lines are builds, which watch for ever, and which are neither (R10). As `ps` and /proc show them.
import { expect, test } from 'vitest';
import { activityOf } from './build-activity.ts';

const KNOWN = { tools: [], ignore: [] };
function say(
  command: string,
  builds: { tools: readonly string[]; ignore: readonly string[] } = KNOWN,
  more: { hasTerminal?: boolean; parent?: string } = {},
) {
  const name = (command.split(' ')[0] ?? '').replace(/^.*\//, '');
  const found = activityOf(
    { name, command, hasTerminal: more.hasTerminal ?? false },
    builds,
    more.parent === undefined ? undefined : { command: more.parent },
  );
  return found?.kind === 'build' ? found.name : found?.kind;
}

test.each([
  // package managers, by the title that npm gives itself, and by their scripts
  ['npm install ../dep', 'npm install'],
  ['node /usr/bin/npm ci', 'npm ci'],
  ['/opt/homebrew/bin/node /opt/homebrew/lib/node_modules/npm/bin/npm-cli.js i left-pad', 'npm i'],
  ['npm --prefix /srv/shop install', 'npm install'],
  ['npm run build', 'npm run build'],
  ['npm run test:unit', 'npm run test:unit'],
  ['node /usr/lib/node_modules/pnpm/bin/pnpm.cjs install --frozen-lockfile', 'pnpm install'],
  ['node /usr/bin/yarn', 'yarn'],
  ['node /srv/shop/.yarn/releases/yarn-4.1.0.cjs install', 'yarn install'],
  ['bun install', 'bun install'],
  ['python3 -m pip install flask', 'pip install'],
  ['/usr/bin/python3.12 /usr/bin/pip3 install flask', 'pip install'],
  ['uv sync', 'uv sync'],
  ['ruby /usr/bin/bundle install', 'bundle install'],
  ['/bin/bash -p /opt/homebrew/bin/brew install jq', 'brew install'],
  ['cargo +nightly build --release', 'cargo build'],
  // compilers and builders
  ['/usr/lib/gcc/x86_64-linux-gnu/13/cc1 -quiet app.c', 'cc1'],
  ['x86_64-linux-gnu-gcc-13 -c app.c', 'gcc'],
  ['rustc --crate-name app src/main.rs', 'rustc'],
  ['/srv/shop/node_modules/@typescript/typescript-linux-x64/lib/tsc -p .', 'tsc'],
  ['node ./node_modules/.bin/tsc --watch=false', 'tsc'],
  ['go build ./...', 'go build'],
  ['make -C web -j8', 'make'],
  ['ninja -C out', 'ninja'],
  ['/bin/sh ./gradlew assemble', 'gradlew assemble'],
  ['java -Xmx64m -cp gradle/wrapper/gradle-wrapper.jar org.gradle.wrapper.GradleWrapperMain build', 'gradle build'],
  ['java -cp x org.codehaus.plexus.classworlds.launcher.Launcher clean package', 'mvn clean'],
  // bundlers
  ['node /srv/shop/node_modules/.bin/vite build', 'vite build'],
  ['node ./node_modules/webpack/bin/webpack.js --mode production', 'webpack'],
  ['next-build (v16.0.1)', 'next-build'],
  ['node node_modules/electron-builder/cli.js --mac', 'electron-builder'],
  // test runners
  ['node --test', 'node --test'],
  ['node /srv/shop/node_modules/.bin/vitest run', 'vitest run'],
  ['node /srv/shop/node_modules/jest/bin/jest.js', 'jest'],
  ['python3 -m pytest -q', 'pytest'],
  // containers
  ['docker build -t shop .', 'docker build'],
  ['docker compose -f dev.yml build web', 'docker compose build'],
  ['/usr/libexec/docker/cli-plugins/docker-buildx buildx build .', 'docker-buildx buildx'],
  // git that writes
  ['git rebase -i main', 'git rebase'],
  ['/usr/lib/git-core/git -C /srv/shop -c core.editor=true commit -m x', 'git commit'],
  ['git pull --rebase', 'git pull'],
  ['git stash pop', 'git stash'],
])('a build: %s', (command, name) => expect(say(command)).toBe(name));

test.each([
  ['node /srv/shop/node_modules/.bin/vite'],
  ['node /srv/shop/node_modules/.bin/vite --port 3000'],
  ['node /srv/shop/node_modules/.bin/vite dev'],
  ['node /srv/shop/node_modules/.bin/vite build --watch'],
  ['tsc --watch --noEmit'],
  ['tsc -b -w'],
  ['node node_modules/nodemon/bin/nodemon.js app.js'],
  ['node node_modules/webpack/bin/webpack.js serve'],
  ['node node_modules/webpack/bin/webpack.js --watch'],
  ['node node_modules/.bin/rollup -c -w'],
  ['cargo watch -x build'],
  ['cargo-watch watch -x build'],
  ['next-server (v16.0.1)'],
  ['node /srv/shop/node_modules/.bin/next dev'],
  ['node --watch app.js'],
  ['node --watch --test'],
  ['node node_modules/jest/bin/jest.js --watchAll'],
  ['node node_modules/.bin/ng serve'],
  ['java -cp x org.gradle.wrapper.GradleWrapperMain bootRun'],
])('watches or serves: %s', (command) => expect(say(command)).toBe('watcher'));

test.each([
  // the service itself, and whatever else runs
  ['npm start'],
  ['npm run dev'],
  ['npm run start:prod'],
  ['npm run build:watch'],
  ['npm run lint'],
  ['npm ls'],
  ['yarn'], // its title: it may be `yarn start`
  ['node /usr/bin/yarn start'],
  ['node app.js'],
  ['node make.js all'], // a script of the project that is called like a tool
  ['python3 task.py build'],
  ['python3 app.py --port 3000'],
  ['sh -c npm install && make'], // what it runs is seen by itself
  ['make run'],
  ['make logs'],
  ['docker compose up'],
  ['docker run shop'],
  ['cargo --version'],
  ['go run .'],
  ['esbuild --service=0.25.0 --ping'],
  ['tsc --lsp --stdio'],
  ['buildkitd'],
  [''],
])('neither: %s', (command) => expect(say(command)).toBeUndefined());

test.each([
  ['git status --porcelain -z'],
  ['git log --oneline'],
  ['git diff --cached'],
  ['git fetch --all'],
  ['git stash list'],
  ['git submodule status'],
  ['git fsmonitor--daemon run'],
  ['git cat-file --batch'],
])('only reads: %s', (command) => expect(say(command)).toBe('git'));

test('vitest hides its words behind a title: who called it, or whether it has a terminal, tells', () => {
  expect(say('node (vitest)')).toBe('vitest run');
  expect(say('node (vitest)', KNOWN, { hasTerminal: true })).toBe('watcher');
  expect(say('node (vitest)', KNOWN, { hasTerminal: true, parent: 'sh -c vitest run' })).toBe('vitest run');
  expect(say('node (vitest)', KNOWN, { parent: 'npm exec vitest watch' })).toBe('watcher');
});

test('the configuration adds programs, with or without their words, and takes others away', () => {
  const builds = { tools: ['mytool', 'other build'], ignore: ['make', 'npm run build'] };
  expect(say('/opt/mytool --fast', builds)).toBe('mytool');
  expect(say('other build all', builds)).toBe('other build');
  expect(say('other serve', builds)).toBeUndefined();
  expect(say('make all', builds)).toBeUndefined();
  expect(say('npm run build --silent', builds)).toBeUndefined();
  expect(say('npm run build-all', builds)).toBe('npm run build-all');
});

test('what is shown never holds more of a command line than the tool and its first words (it may hold secrets)', () => {
  expect(say('npm install https://user:secret@example.test/x.tgz')).toBe('npm install');
  expect(say('make TOKEN=secret')).toBe('make');
  expect(say('docker build --build-arg TOKEN=secret .')).toBe('docker build');
});

test('a path with a space in it is told by the name that the system gives the program', () => {
  const row = { name: 'clang', command: '/Applications/Xcode beta.app/Contents/Developer/usr/bin/clang -c app.c', hasTerminal: false };
  expect(activityOf(row, KNOWN)).toMatchObject({ kind: 'build', name: 'clang' });
});
