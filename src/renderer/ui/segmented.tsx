// One choice of a few, side by side: a radio group with one stop for the keyboard.
export interface SegmentedProps {
  readonly label: string;
  readonly options: readonly { readonly value: string; readonly text: string; readonly label?: string }[];
  readonly value: string | undefined;
  onPick(value: string): void;
}

export function Segmented({ label, options, value, onPick }: SegmentedProps) {
  const at = options.findIndex((option) => option.value === value);
  function onKey(event: KeyboardEvent): void {
    const step: Record<string, number> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
    const by = step[event.key];
    if (by === undefined) return;
    event.preventDefault();
    const next = (Math.max(at, 0) + by + options.length) % options.length;
    onPick((options[next] as { value: string }).value);
    (event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('[role=radio]')[next]?.focus();
  }
  return (
    <div class="segmented" role="radiogroup" aria-label={label} onKeyDown={(event) => onKey(event as unknown as KeyboardEvent)}>
      {options.map((option, index) => (
        // biome-ignore lint/a11y/useSemanticElements: a button looks and feels like one here; the group tells its role
        <button
          key={option.value}
          type="button"
          role="radio"
          aria-checked={option.value === value}
          aria-label={option.label}
          tabIndex={index === Math.max(at, 0) ? 0 : -1}
          onClick={() => onPick(option.value)}
        >
          {option.text}
        </button>
      ))}
    </div>
  );
}
