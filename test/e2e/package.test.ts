// What `npm run dist` packs, judged on any system around a stand-in for Electron's own files: configuration, property list, fuses,
// icon, and an archive with nothing in it but what runs.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as plist from 'plist';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp } from './helpers/app.ts';
import { QUICK, writeConfig } from './helpers/home.ts';
import { newPlace } from './helpers/place.ts';
import { writeStandIn } from './helpers/stand-in.ts';
import { until } from './helpers/wait.ts';
import { newWeb } from './helpers/web.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const require = createRequire(import.meta.url);
const builder = createRequire(require.resolve('electron-builder/package.json'));
const lib = createRequire(builder.resolve('app-builder-lib/package.json'));
interface Fuses {
  getCurrentFuseWire(app: string): Promise<Record<number, number>>;
  readonly FuseV1Options: Record<string, number>;
}
interface Asar {
  listPackage(file: string, options: { isPack: boolean }): string[];
  extractAll(file: string, folder: string): void;
  statFile(file: string, name: string): { size?: number; unpacked?: boolean; files?: object };
}

const folder = mkdtempSync(path.join(realpathSync(os.tmpdir()), 'jarvis-package-'));
const app = path.join(folder, 'release', 'mac-arm64', 'Jarvis Health.app');
const resources = path.join(app, 'Contents', 'Resources');
const archive = path.join(resources, 'app.asar');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('configuration', () => {
  it.each(['electron-builder.yml', 'electron-builder.adhoc.yml'])('%s is valid by electron-builder’s own schema', async (name) => {
    const { getConfig, validateConfiguration } = lib('./out/util/config/config.js');
    const { DebugLogger } = lib('builder-util');
    const config = await getConfig(ROOT, name, null);
    await validateConfiguration(config, new DebugLogger(false));
    expect(config.mac).toMatchObject({ minimumSystemVersion: '13.0', hardenedRuntime: name === 'electron-builder.yml' });
    expect(config.mac.identity, 'never without any signature: such an app can show no notice').not.toBeNull();
    expect(config.mac.target.map(({ target }: { target: string }) => target)).toEqual(['dmg', 'zip']);
    for (const file of [config.mac.icon, config.mac.entitlements]) expect(existsSync(path.join(ROOT, file)), file).toBe(true);
  });
});

describe('package', () => {
  beforeAll(async () => {
    writeStandIn(path.join(folder, 'electron'));
    await promisify(execFile)(
      process.execPath,
      [
        builder.resolve('electron-builder/cli.js'),
        ...['--mac', 'dir', '--arm64', '-p', 'never', `-c.electronDist=${path.join(folder, 'electron')}`],
        ...[`-c.directories.output=${path.join(folder, 'release')}`, '-c.mac.notarize=false'],
      ],
      { cwd: ROOT, env: { ...process.env, CSC_IDENTITY_AUTO_DISCOVERY: 'false' } },
    );
  }, 120_000);

  it('the property list: no Dock icon, notices that stay, macOS 13, our own identity', () => {
    const info = plist.parse(readFileSync(path.join(app, 'Contents', 'Info.plist'), 'utf8'));
    expect(info).toMatchObject({
      CFBundleIdentifier: 'com.jarvis.health-system',
      CFBundleName: 'Jarvis Health',
      LSMinimumSystemVersion: '13.0',
      LSUIElement: true,
      NSUserNotificationAlertStyle: 'alert',
    });
    expect(readFileSync(path.join(resources, 'icon.icns')).equals(readFileSync(path.join(ROOT, 'build', 'icon.icns')))).toBe(true);
  });

  it('the fuses: no Node, no debugger, only our own archive', async () => {
    const { getCurrentFuseWire, FuseV1Options } = lib('@electron/fuses') as Fuses;
    const wire = await getCurrentFuseWire(app);
    const isOn = (name: string): boolean => wire[FuseV1Options[name] as number] === '1'.charCodeAt(0);
    for (const name of [
      'RunAsNode',
      'EnableNodeOptionsEnvironmentVariable',
      'EnableNodeCliInspectArguments',
      'GrantFileProtocolExtraPrivileges',
    ]) {
      expect(isOn(name), name).toBe(false);
    }
    for (const name of ['EnableEmbeddedAsarIntegrityValidation', 'OnlyLoadAppFromAsar']) expect(isOn(name), name).toBe(true);
  });

  it('the archive: what runs, nothing else, at most 6 MB', () => {
    const asar = lib('@electron/asar') as Asar;
    const names = asar.listPackage(archive, { isPack: false }).map((name) => name.replaceAll('\\', '/'));
    const files = names.filter((name) => asar.statFile(archive, name.slice(1)).files === undefined);
    const packages = new Set(files.flatMap((name) => /^\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(name)?.[1] ?? []));
    expect([...packages].sort(), 'the two outside the bundle, and what node-notifier needs').toEqual([
      'growly',
      'is-docker',
      'is-wsl',
      'isexe',
      'node-notifier',
      'semver',
      'shellwords',
      'systeminformation',
      'uuid',
      'which',
    ]);
    const own = files.filter((name) => !name.startsWith('/node_modules/'));
    expect(
      own.filter((name) => !/^\/(package\.json|out\/(main|picture|preload|renderer)\/|assets\/tray\/\w+(@2x)?\.png$)/.test(name)),
    ).toEqual([]);
    expect(own).toEqual(
      expect.arrayContaining(['/out/main/index.js', '/out/preload/index.cjs', '/out/renderer/index.html', '/assets/tray/ok@2x.png']),
    );
    expect(files.filter((name) => /\.(test\.|ts$|map$|md$)/.test(name))).toEqual([]);
    expect(statSync(archive).size, 'bytes').toBeLessThan(6_000_000);
    const unpacked = files.filter((name) => asar.statFile(archive, name.slice(1)).unpacked);
    expect(unpacked.length).toBeGreaterThan(0);
    expect(unpacked.filter((name) => !name.startsWith('/node_modules/node-notifier/'))).toEqual([]);
  });

  it('it starts from what was packed alone, and finds all that it needs there', async () => {
    const place = newPlace();
    const packed = path.join(place.dir, 'packed');
    (lib('@electron/asar') as Asar).extractAll(archive, packed);
    const web = await newWeb(place);
    await web.startByHand();
    writeConfig(place, { ...QUICK, services: [web.service()] });
    const started = startApp(place, { main: path.join(packed, 'out', 'main', 'index.js'), pretended: { isPackaged: true } });
    const seen = await started.untilSeen(
      'well, with its window',
      ({ tray, windows }) => tray.image === 'ok.png' && windows[0]?.isVisible === true,
    );
    expect(seen.boxes).toEqual([]);
    await until('the window is filled', async () =>
      String(await started.evaluate('document.body.innerText')).includes('Repaired when it fails'),
    );
    await started.choose('Quit');
    expect(await started.ended).toEqual({ code: 0, signal: null });
  });

  it('without a feed there is nothing that the updater would follow', () => {
    expect(existsSync(path.join(resources, 'app-update.yml'))).toBe(false);
  });
});
