// What takes the menu-bar app a minute, on the Electron double; side by side, since it is waiting alone.
import { it } from 'vitest';
import { double, startApp } from './helpers/app.ts';
import { logLines, QUICK, WELL_DISK, writeConfig } from './helpers/home.ts';
import { newPlace } from './helpers/place.ts';
import { until } from './helpers/wait.ts';

it.concurrent('a window with unsaved changes asks before it closes, and keeps them while nobody sees it', async ({
  expect,
  onTestFinished,
}) => {
  const place = newPlace(onTestFinished);
  writeConfig(place, { ...QUICK, services: [WELL_DISK] });
  const app = await double.start(place, { pretended: { wasOpenedAtLogin: true, isPackaged: true } });
  await app.untilSeen('well', ({ tray }) => tray.image === 'ok.png');
  await app.emit('tray', 'click');
  await app.untilSeen('panel', ({ windows }) => windows[0]?.url === 'app://bundle/index.html');
  await until('the page', async () => (await app.evaluate('document.readyState')) === 'complete');
  await app.evaluate(`addEventListener('beforeunload', (event) => event.preventDefault())`);
  await app.closeWindows();
  await app.untilSeen('asked', ({ boxes }) => boxes.length === 1);
  expect(await app.look()).toMatchObject({ boxes: ['Your changes in Settings are not saved yet.'], windows: [{ isVisible: true }] });
  await app.blur();
  await new Promise((resolve) => setTimeout(resolve, 65_000)); // there is nothing to wait for: that nothing happens is the test
  expect(await app.look()).toMatchObject({ boxes: [expect.anything()], windows: [{ isVisible: false }] });
  await app.emit('tray', 'click');
  await app.pretend({ answer: 1 });
  await app.closeWindows();
  await app.untilSeen('thrown away', ({ windows }) => windows.length === 0);
});

it.concurrent('a wake that nobody told of: the icon is not hollow for ever, and the next sleep counts by itself', async ({
  expect,
  onTestFinished,
}) => {
  const place = newPlace(onTestFinished);
  writeConfig(place, { ...QUICK, services: [WELL_DISK] });
  const app = startApp(place, { pretended: { wasOpenedAtLogin: true, isPackaged: true } });
  await app.untilSeen('well', ({ tray }) => tray.image === 'ok.png');
  await app.emit('powerMonitor', 'suspend');
  await app.untilSeen('asleep', ({ tray }) => tray.image === 'unknown.png');
  await until('well', async () => (await app.look()).tray.image === 'ok.png', 90_000);
  await app.emit('powerMonitor', 'suspend');
  await app.emit('powerMonitor', 'resume');
  const [slept] = await until('recorded', () => {
    const lines = logLines(place, 'health', 'slept');
    return lines.length > 0 ? lines : undefined;
  });
  expect(slept?.['forMs']).toBeLessThan(30_000);
});
