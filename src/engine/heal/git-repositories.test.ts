// What a look for repositories can't see, and where it does not look. What git tracks: delete-old-logs.test.ts.
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FilesWorld } from '../../../test/fixtures/files-context.ts';
import { Repositories } from './git-repositories.ts';
import { remoteMounts } from './remote-mounts.ts';

let world: FilesWorld;
beforeEach(() => {
  world = new FilesWorld();
});
afterEach(() => world.close());
const isRoot = process.getuid?.() === 0;
const below = async (folder: string) => {
  const { repositories, isUnclear } = await new Repositories(world.context()).above(folder);
  return { repositories: repositories.filter(({ workTree }) => workTree.startsWith(world.root)), isUnclear };
};
function bare(name: string): string {
  world.git(world.root, 'init', '--bare', name);
  writeFileSync(world.at(`${name}/index`), '');
  return world.at(name);
}

describe('repositories above a folder', () => {
  it('are found once for each folder, also by a link', async () => {
    mkdirSync(world.at('a'));
    const gitDir = bare('a/x.git');
    mkdirSync(world.at('b/c'), { recursive: true });
    symlinkSync(gitDir, world.at('b/link'));
    expect(await below(world.at('b/c'))).toEqual({
      repositories: [{ gitDir: world.at('b/link'), workTree: world.at('b') }],
      isUnclear: false,
    });
    expect((await below(world.root)).repositories).toEqual([]);
  });
  it.skipIf(isRoot)('may hide in a folder of this user that can not be entered', async () => {
    chmodSync(bare('.cfg'), 0o000);
    world.onClose(() => chmodSync(world.at('.cfg'), 0o700));
    expect(await below(world.root)).toEqual({ repositories: [], isUnclear: true });
  });
  it.skipIf(isRoot)('may hide in one above that can not be listed', async () => {
    mkdirSync(world.at('a/b'), { recursive: true });
    chmodSync(world.at('a'), 0o300);
    world.onClose(() => chmodSync(world.at('a'), 0o700));
    expect(await below(world.at('a/b'))).toMatchObject({ isUnclear: true });
  });
  it.runIf(isRoot)('are not looked for in what belongs to another user, but further up', async () => {
    const gitDir = bare('.cfg');
    chownSync(world.root, 12_345, 12_345);
    mkdirSync(world.at('theirs/logs'), { recursive: true });
    bare('theirs/x.git');
    const asUser = new Repositories({ ...world.context(), uid: 12_345 });
    const { repositories } = await asUser.above(world.at('theirs/logs'));
    expect(repositories).toContainEqual({ gitDir, workTree: world.root });
    expect(repositories.filter((one) => one.workTree === world.at('theirs'))).toEqual([]);
  });
});

describe('mounts of other machines', () => {
  it('are told by mountinfo', async () => {
    const lines = [
      '22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw',
      '36 22 0:44 / /home/u/my\\040nas rw,noatime shared:7 master:1 - nfs4 server:/x rw,hard',
      '37 22 0:45 / /home/u/box rw - fuse.sshfs u@box:/ rw',
      '38 22 0:46 / /proc rw - proc proc rw',
      '',
    ];
    const file = world.file('mountinfo', 0, lines.join('\n'));
    expect(await remoteMounts('linux', file)).toEqual(['/home/u/my nas', '/home/u/box']);
    expect(await remoteMounts('linux', world.at('none'))).toEqual([]);
    expect(await remoteMounts('darwin', file)).toEqual([]);
  });
});
