// Commands about the configuration: init, discover, validate, schema (PRODUCT sections 4 and 6).
import { EXIT, HealthError } from '../contract/errors.ts';
import { discoverHere, schemaText, validateFile, writeFirstConfig } from '../engine/setup.ts';
import { json, line, problem } from './io.ts';
import type { Call } from './program.ts';
import { foundLines } from './run.ts';

export async function init(call: Call, preset: string | undefined): Promise<number> {
  const { path, found } = await writeFirstConfig(call.home, call.version, preset);
  if (call.isJson) json(call.io, { path, preset: preset ?? null, found: found.map(({ service, why, kind }) => ({ service, why, kind })) });
  else {
    for (const text of foundLines(found)) line(call.io, text);
    line(call.io, `Written: ${path}`);
    if (preset === undefined) line(call.io, 'Nothing is repaired yet: move a remedy from "proposed" to "recovery" to allow it.');
  }
  return EXIT.ok;
}

export async function discover(call: Call): Promise<number> {
  const found = await discoverHere(call.home);
  if (call.isJson) json(call.io, found);
  else for (const text of foundLines(found)) line(call.io, text);
  return EXIT.ok;
}

export async function validate(call: Call, file: string | undefined, withMeans = false): Promise<number> {
  try {
    const { path, services, warnings, means } = await validateFile(file, call.home, withMeans);
    if (call.isJson) json(call.io, { ok: true, path, services, warnings, ...(withMeans ? { means } : {}) });
    else {
      line(call.io, `${path} is valid: ${services} ${services === 1 ? 'service' : 'services'}.`);
      if (warnings) problem(call.io, warnings);
      for (const { component, found, mend } of means) problem(call.io, `${component}: ${found}\n  ${mend}`);
      if (withMeans && means.length === 0) line(call.io, 'All that its remedies need is there.');
    }
    return means.length > 0 ? EXIT.warning : EXIT.ok;
  } catch (error) {
    if (!(error instanceof HealthError && error.code === 'config-invalid')) throw error;
    if (call.isJson) json(call.io, { ok: false, problems: error.details['problems'] });
    else problem(call.io, error.message);
    return EXIT.config;
  }
}

export async function schema(call: Call): Promise<number> {
  call.io.out(schemaText(call.version));
  return EXIT.ok;
}
