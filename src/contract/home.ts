// Names of the files in a home (PRODUCT section 3). Names only; who writes them is `engine/keep`.
export const HOME_FILES = {
  config: 'config.json',
  configSchema: 'config.schema.json',
  healthLog: 'health.log',
  recoveryLog: 'recovery.log',
  alertsLog: 'alerts.log',
  healthState: 'health-state.json',
  recoveryState: 'recovery-state.json',
  alertState: 'alert-state.json',
  queue: 'alert-pending.json',
  socket: 'engine.sock',
  lock: 'engine.lock',
  owner: 'engine.json',
  reserve: 'reserve',
  archive: 'archive',
  engineLog: 'engine.log',
  enginePid: 'engine.pid',
} as const;
