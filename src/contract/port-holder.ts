// Who holds the port of a service though it is not the service: what a person needs to decide whether it may be ended. Shape only.
import * as z from 'zod';

export const portHolderSchema = z.object({
  port: z.int(),
  pid: z.int(),
  /** Opaque; of exactly this process (R13). */
  startId: z.string(),
  name: z.string(),
  /** Its command line, without what may be a secret. */
  command: z.string(),
  /** Its working folder; null where the system does not tell. */
  folder: z.string().nullable(),
  since: z.iso.datetime(),
  parent: z.object({ pid: z.int(), name: z.string() }).nullable(),
  /** Why it can't be ended from here: a named reason; null where a person may have it ended. */
  whyNot: z.string().nullable(),
  /** One sentence about that reason. */
  hint: z.string().nullable(),
  /** To look at what it serves. */
  url: z.string(),
});
export type PortHolder = z.infer<typeof portHolderSchema>;
