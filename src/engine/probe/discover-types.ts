// What discovery is handed and what it finds. Shapes only.
import type { ServiceInput } from '../../contract/config.ts';
import type { CommandPort, KeeperPort, Pm2Port, ProcessPort, ProcessRow, TimersPort } from '../../contract/ports.ts';

export interface Discovered {
  /** With `recovery: []`, and what would repair it in `proposed`: only a person gives the right to repair. */
  readonly service: ServiceInput;
  /** For people: where it was seen, and why a remedy is proposed or not. Never holds a command line. */
  readonly why: string;
  readonly kind: 'port' | 'launch-agent' | 'gateway' | 'system';
}

export interface DiscoverOptions {
  readonly platform: NodeJS.Platform;
  readonly processes: ProcessPort;
  readonly commands: CommandPort;
  readonly timers: TimersPort;
  /** Who keeps a process; default: read from the machine with the ports beside it. */
  readonly keepers?: Pick<KeeperPort, 'of'>;
  readonly pm2?: Pm2Port;
  readonly userHome: string;
  readonly uid: number;
  /** The engine's own home: its logs are watched. */
  readonly home: string;
  /** Folders where commands are looked for, as in `PATH`. */
  readonly searchPath?: string;
  readonly procRoot?: string;
  readonly readFile?: (path: string) => Promise<Buffer>;
  readonly listFolder?: (path: string) => Promise<readonly string[]>;
  readonly isExecutable?: (path: string) => Promise<boolean>;
}

/** The options with every default in place, and the process table of this discovery. */
export interface Look extends Required<Omit<DiscoverOptions, 'pm2'>> {
  readonly rows: ReadonlyMap<number, ProcessRow>;
  /** This user's, alive, not the engine or its ancestors. */
  isMine(row: ProcessRow | undefined): row is ProcessRow;
  /** Where a command is: as written when it has a slash, else in the first folder of `searchPath` that has it. */
  findCommand(name: string, folders?: readonly string[]): Promise<string | undefined>;
}
