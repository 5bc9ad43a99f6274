import type { Stats } from 'node:fs';
import { expect, it } from 'vitest';
import { askOnce, inTime, statOnce } from './ask-once.ts';
import { realTimers } from './system.ts';

it('of a question that is never answered there is one, however often and about whatever below it is asked', async () => {
  const asked: string[] = [];
  const ask = askOnce((file) => {
    asked.push(file);
    return file.startsWith('/dead') ? new Promise<Stats>(() => {}) : Promise.resolve({ dev: 1 } as Stats);
  });
  for (const file of ['/dead', '/dead/app', '/dead/logs/app.log', '/dead']) void statOnce(file, ask);
  await expect(statOnce('/home/me', ask)).resolves.toEqual({ dev: 1 });
  expect(asked.filter((file) => file.startsWith('/dead'))).toEqual(['/dead']);
  await expect(inTime(statOnce('/dead/app', ask), 20, realTimers)).resolves.toBeUndefined();
});

it('what was answered is asked anew, also after an error', async () => {
  const answers = [Promise.reject(new Error('gone')), Promise.resolve('back')];
  const ask = askOnce(() => answers.shift() as Promise<string>);
  await expect(ask('/a')).rejects.toThrow('gone');
  await expect(ask('/a')).resolves.toBe('back');
});
