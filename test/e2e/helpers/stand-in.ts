// A distribution of Electron for macOS as far as the packager looks at it: folders, property lists, and a framework with a wire of
// fuses. It can't run; what is packed around it can be judged on every system.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as plist from 'plist';

const HELPERS = ['', ' (GPU)', ' (Plugin)', ' (Renderer)'];
/** Of @electron/fuses: the mark, version 1, nine fuses, each switched on ('1'). */
const WIRE = Buffer.concat([Buffer.from('dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX'), Buffer.from([1, 9]), Buffer.from('1'.repeat(9))]);

export function writeStandIn(folder: string): void {
  const contents = path.join(folder, 'Electron.app', 'Contents');
  bundle(contents, 'Electron');
  for (const helper of HELPERS)
    bundle(path.join(contents, 'Frameworks', `Electron Helper${helper}.app`, 'Contents'), `Electron Helper${helper}`);
  const framework = path.join(contents, 'Frameworks', 'Electron Framework.framework');
  for (const language of ['en', 'de']) {
    const texts = path.join(framework, 'Versions', 'A', 'Resources', `${language}.lproj`);
    mkdirSync(texts, { recursive: true });
    writeFileSync(path.join(texts, 'locale.pak'), '');
  }
  writeFileSync(path.join(framework, 'Electron Framework'), Buffer.concat([Buffer.alloc(4_096), WIRE, Buffer.alloc(4_096)]));
  mkdirSync(path.join(contents, 'Resources'), { recursive: true });
  writeFileSync(path.join(contents, 'Resources', 'electron.icns'), '');
  for (const name of ['LICENSE', 'LICENSES.chromium.html', 'version']) writeFileSync(path.join(folder, name), '45.4.1');
}

function bundle(contents: string, name: string): void {
  mkdirSync(path.join(contents, 'MacOS'), { recursive: true });
  writeFileSync(path.join(contents, 'MacOS', name), '', { mode: 0o755 });
  writeFileSync(
    path.join(contents, 'Info.plist'),
    plist.build({ CFBundleExecutable: name, CFBundleName: name, CFBundleIdentifier: 'com.github.Electron', CFBundlePackageType: 'APPL' }),
  );
}
