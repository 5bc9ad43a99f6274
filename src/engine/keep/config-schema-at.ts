// What the schema knows at one place of the file: its keys, the keys one level deeper, its default. Pure; touches nothing.
import * as z from 'zod';

export interface SchemaPlace {
  readonly keys: readonly string[];
  /** Keys of the objects inside, as `check.port`: where a misplaced key belongs. */
  readonly deeper: readonly string[];
  /** The types to choose from, where the place holds one of several kinds of object. */
  readonly types: readonly string[];
  /** What stands there when nothing is written, as a person would write it. */
  readonly fallback: unknown;
}

/** Follows `path` through the schema; where the types part, `value` (the whole file) says which one is meant. */
export function schemaAt(schema: z.core.$ZodType, path: readonly PropertyKey[], value: unknown): SchemaPlace {
  let here: z.core.$ZodType | undefined = schema;
  let at = value;
  for (const step of path) {
    const bare: z.core.$ZodType | undefined = unwrap(here, at).schema;
    here =
      bare instanceof z.core.$ZodObject
        ? bare._zod.def.shape[step as string]
        : bare instanceof z.core.$ZodArray
          ? bare._zod.def.element
          : undefined;
    at = typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[step] : undefined;
  }
  const { schema: bare, fallback } = unwrap(here, at);
  const shape = bare instanceof z.core.$ZodObject ? bare._zod.def.shape : {};
  const deeper = Object.entries(shape).flatMap(([key, inner]) => {
    const child = unwrap(inner, (at as Record<string, unknown> | undefined)?.[key]).schema;
    return child instanceof z.core.$ZodObject ? Object.keys(child._zod.def.shape).map((name) => `${key}.${name}`) : [];
  });
  const types =
    bare instanceof z.core.$ZodDiscriminatedUnion ? [...(bare._zod.propValues?.[bare._zod.def.discriminator] ?? [])].map(String) : [];
  return { keys: Object.keys(shape), deeper, types, fallback };
}

/** The object, list or union inside defaults, options and transforms; of a union the member that the value's `type` names. */
function unwrap(schema: z.core.$ZodType | undefined, value: unknown): { schema: z.core.$ZodType | undefined; fallback: unknown } {
  let here = schema;
  let fallback: unknown;
  for (;;) {
    if (here instanceof z.core.$ZodPrefault || here instanceof z.core.$ZodDefault) {
      fallback = here._zod.def.defaultValue;
      here = here._zod.def.innerType;
    } else if (here instanceof z.core.$ZodOptional) here = here._zod.def.innerType;
    else if (here instanceof z.core.$ZodPipe) here = here._zod.def.in;
    else if (here instanceof z.core.$ZodDiscriminatedUnion) {
      const key = here._zod.def.discriminator;
      const named = (value as Record<string, unknown> | null | undefined)?.[key] as string;
      const member: z.core.$ZodType | undefined = here._zod.def.options.find((option) => option._zod.propValues?.[key]?.has(named));
      if (!member) return { schema: here, fallback };
      here = member;
    } else return { schema: here, fallback };
  }
}
