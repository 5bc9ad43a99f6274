// The programs that build, as data (R10): which calls of them are work, and which watch for ever. One line a tool or family;
// `builds.tools` and `builds.ignore` of the configuration add to it. Names without version (`gcc-13` is `gcc`). Touches nothing.
// Longer than 250 lines would be no harm here: it is one table.

/** What a call of a tool is told by. */
export interface BuildTool {
  readonly names: readonly string[];
  /** Builds only with one of these as its first word; `''`: without any. Absent: with every call. */
  readonly only?: readonly string[];
  /** Builds with one of these options, whatever its words. */
  readonly with?: readonly string[];
  /** Watches or serves, and therefore is no build, with one of these as a word or an option; `''`: with every call that does not build. */
  readonly watches?: readonly string[];
  /** Neither builds nor watches with one of these options: the helper of another tool, or of an editor. */
  readonly helps?: readonly string[];
  /** Only reads when its second word is one of these: `git stash list`. */
  readonly reads?: readonly string[];
  /** After one of these words comes the name of a script, which says whether it builds; `''`: the first word is one. */
  readonly scripts?: readonly string[];
  /** A target that does not say that it serves is work: `make all`. */
  readonly isMaker?: boolean;
  /** Options that take a word with them, before the first word. */
  readonly takes?: readonly string[];
}

const of = (names: string, more: Omit<BuildTool, 'names'> = {}): BuildTool => ({ names: names.split(' '), ...more });
const list = (words: string): string[] => words.split(' ');
const WATCH = ['--watch'];

export const BUILD_TOOLS: readonly BuildTool[] = [
  // Compilers and linkers
  of('gcc g++ cc c++ cc1 cc1plus lto1 lto-wrapper collect2 gfortran clang clang++ clang-cl as ld lld mold ar ranlib nasm nvcc'),
  of('ld.lld ld.gold ld.bfd ld64 rustc swiftc swift-frontend javac kotlinc scalac ghc ocamlc ocamlopt csc erlc protoc'),
  of('tsc tsgo vue-tsc', { watches: list('--watch -w'), helps: list('--lsp --version -v --help') }),
  of('babel', { watches: list('--watch -w') }),
  of('sass', { watches: list('--watch -w') }),
  of('swc', { watches: list('--watch -w') }),
  of('go', { only: list('build install test get mod generate vet'), takes: ['-C'] }),
  of('swift', { only: list('build test package') }),
  of('zig', { only: list('build build-exe build-lib build-obj test'), watches: WATCH }),
  of('elm', { only: list('make install') }),
  of('dotnet', { only: list('build publish restore test pack msbuild clean add') }),
  of('msbuild xcodebuild'),

  // Builders
  of('make gmake', { isMaker: true, takes: list('-C -f -I -o -W --directory --file --makefile') }),
  of('ninja samu scons ant', { isMaker: true, takes: list('-C -f -j -k -l -d') }),
  of('cmake', { watches: list('-E') }),
  of('meson', { only: list('setup compile install test dist') }),
  of('bazel bazelisk buck2', { only: list('build test coverage fetch sync clean') }),
  of('gradle gradlew', {
    only: list('build assemble compile test check jar bootJar clean install publish dependencies'),
    watches: list('--continuous -t bootRun run'),
  }),
  of('mvn mvnw mvnd', {
    only: list('clean validate compile test package verify install deploy site'),
    watches: list('spring-boot:run quarkus:dev exec:java jetty:run'),
    takes: list('-f -pl -P -s'),
  }),
  of('sbt', { only: list('compile test package assembly publish publishLocal'), watches: list('~compile ~test run') }),
  of('just task rake invoke mage', { scripts: [''], takes: list('-f --justfile -d --taskfile') }),
  of('gulp grunt', { scripts: [''], watches: WATCH }),
  of('turbo', { only: list('build test'), scripts: ['run'], watches: list('watch daemon dev') }),
  of('nx', { only: list('build test affected:build'), watches: list('serve watch --watch daemon'), takes: ['-t'] }),
  of('lerna rush', { only: list('bootstrap build rebuild install update publish'), scripts: ['run'] }),

  // Bundlers
  of('vite', { only: ['build'], watches: ['', ...list('--watch -w dev serve preview optimize')] }),
  of('webpack webpack-cli', { watches: list('--watch -w watch w serve server s --hot') }),
  of('rspack rsbuild', { only: list('build'), watches: list('--watch -w dev serve preview') }),
  of('rollup rolldown', { watches: list('--watch -w') }),
  of('esbuild', { watches: list('--watch --serve'), helps: ['--service'] }),
  of('parcel', { only: ['build'], watches: ['', ...list('serve watch')] }),
  of('tsup tsdown unbuild', { watches: list('--watch --stub') }),
  of('microbundle', { watches: list('watch') }),
  of('next nuxt nuxi astro gatsby remix', {
    only: list('build generate export'),
    watches: list('dev start develop preview serve --watch'),
  }),
  of('next-build'),
  of('ng', { only: list('build b test t'), watches: list('serve s dev --watch') }),
  of('vue-cli-service', { only: list('build'), watches: list('serve --watch') }),
  of('react-scripts', { only: ['build'], watches: list('start test') }),
  of('svelte-kit storybook docusaurus', { only: ['build'], watches: list('dev start serve') }),
  of('electron-builder'),
  of('electron-forge', { only: list('make package publish'), watches: ['start'] }),
  of('hugo', { watches: list('server serve --watch -w') }),
  of('jekyll', { only: list('build b'), watches: list('serve --watch -w') }),
  of('eleventy', { watches: list('--serve --watch') }),

  // Package managers
  of('npm', {
    only: list(
      'install i in ins add ci clean-install ic install-clean install-test it install-ci-test cit update up upgrade udpate ' +
        'uninstall unlink remove rm r un rebuild rb prune dedupe ddp link ln pack publish test t tst version',
    ),
    scripts: list('run run-script rum urn'),
    takes: list('--prefix -C -w --workspace --registry --userconfig --cache'),
  }),
  of('pnpm', {
    only: list(
      'install i add update up upgrade remove rm uninstall un rebuild rb prune import fetch link ln dedupe deploy pack publish test t',
    ),
    scripts: ['run', 'run-script', ''],
    takes: list('--dir -C --filter -F'),
  }),
  of('yarn yarnpkg', {
    only: ['', ...list('install add remove upgrade up dedupe link rebuild import pack publish test')],
    scripts: ['run', ''],
    takes: list('--cwd'),
  }),
  of('bun', {
    only: list('install i add remove rm update build test link pm'),
    scripts: ['run'],
    watches: list('--watch --hot'),
    takes: list('--cwd --filter'),
  }),
  of('deno', { only: list('install cache compile test add'), scripts: ['task'], watches: list('--watch --watch-hmr') }),
  of('cargo', {
    only: list('build b check c test t run r install clippy doc d bench update fetch vendor publish package fix nextest rustc'),
    watches: list('watch'),
    takes: list('-C -Z --config --color --manifest-path'),
  }),
  of('pip', { only: list('install uninstall wheel download sync') }),
  of('pipenv poetry', { only: list('install sync add update remove uninstall lock build publish'), takes: list('-C -P --directory') }),
  of('uv', { only: list('sync add remove lock pip build publish venv'), takes: list('--directory --project') }),
  of('conda mamba micromamba', { only: list('install create update upgrade remove env') }),
  of('pdm rye hatch', { only: list('install sync add update remove lock build publish test') }),
  of('bundle bundler', { only: ['', ...list('install update add remove lock package cache')] }),
  of('gem', { only: list('install update uninstall build') }),
  of('composer', { only: list('install i update upgrade u require r remove dump-autoload dumpautoload'), takes: list('-d --working-dir') }),
  of('brew', { only: list('install reinstall upgrade uninstall bundle') }),
  of('mix', { only: list('compile test deps.get deps.compile deps.update release') }),
  of('pod', { only: list('install update') }),
  of('cabal stack', { only: list('build install test bench update'), watches: list('--file-watch') }),
  of('setup', { only: list('build install develop bdist_wheel sdist test') }),

  // Test runners
  of('jest', { watches: list('--watch --watchAll') }),
  of('vitest', { only: list('run related bench'), with: ['--run'], watches: ['', ...list('watch dev --watch -w --ui')] }),
  of('mocha', { watches: list('--watch -w') }),
  of('ava tap jasmine nyc c8', { watches: list('--watch -w') }),
  of('playwright', { only: ['test'], watches: ['--ui'] }),
  of('cypress', { only: ['run'], watches: ['open'] }),
  of('karma', { with: ['--single-run'], only: [] }),
  { names: ['node --test'] },
  of('pytest py.test tox nox rspec phpunit ctest nextest minitest behave'),

  // Container builds
  of('docker podman nerdctl', {
    only: list('build buildx'),
    scripts: list('image compose builder'),
    takes: list('--context -c -H --host --config -l --log-level -f --file -p --project-name --env-file --profile'),
  }),
  of('docker-compose podman-compose', { only: ['build'], takes: list('-f --file -p --project-name --env-file --profile') }),
  of('docker-buildx', { only: list('build bake buildx') }),
  of('buildah', { only: list('bud build build-using-dockerfile commit') }),
  of('buildctl kaniko executor', { only: ['build'] }),
  of('earthly pack skaffold', { only: list('build test'), watches: ['dev'] }),

  // Git that writes to the work tree, the index or HEAD; not what only fetches or shows (`git status` of an editor)
  of('git', {
    only: list(
      'add am apply bisect checkout cherry-pick clean clone commit merge mv pull read-tree rebase reset restore revert rm ' +
        'sparse-checkout stash submodule subtree switch filter-branch filter-repo',
    ),
    reads: list('list show status log summary'),
    takes: list('-C -c --git-dir --work-tree --namespace --exec-path --super-prefix --config-env'),
  }),
];

/** What watches and starts again, or serves while one develops: alive for days, and no build. */
export const WATCHERS: ReadonlySet<string> = new Set([
  'node --watch',
  ...list(
    'nodemon cargo-watch bacon watchexec entr chokidar chokidar-cli onchange ts-node-dev tsnd node-dev supervisor guard ptw pytest-watch ' +
      'watchman fswatch air reflex webpack-dev-server live-server browser-sync http-server serve next-server vite-node tsserver ' +
      'typescript-language-server rust-analyzer gopls clangd pm2 forever',
  ),
]);

/** Programs whose first word that is no option is the program that they run. */
export const INTERPRETERS: ReadonlySet<string> = new Set(
  list('node nodejs electron python pypy ruby perl php sh bash zsh dash ksh tsx ts-node'),
);
/** Options of interpreters that take a word with them. */
export const INTERPRETER_TAKES: ReadonlySet<string> = new Set(
  list('-r --require --import --loader --experimental-loader -C --conditions --env-file -X -W -I -o'),
);
/** Scripts that are named after nothing: what they belong to is the package around them. */
export const NAMELESS: ReadonlySet<string> = new Set(list('cli index main bin run start launcher'));
/** Java programs by the class or archive that is started. */
export const JAVA_MAINS: readonly (readonly [RegExp, string])[] = [
  [/org\.gradle\.wrapper\.GradleWrapperMain|gradle-wrapper\.jar|org\.gradle\.launcher\.GradleMain/, 'gradle'],
  [/org\.codehaus\.plexus\.classworlds\.launcher\.Launcher|maven-wrapper\.jar|MavenWrapperMain/, 'mvn'],
  [/org\.apache\.tools\.ant\.launch\.Launcher/, 'ant'],
];
