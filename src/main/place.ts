// Where the panel stands: centred under its icon, inside the work area of the icon's own display. Pure: rectangles in, one out.

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
const MARGIN = 8;

/** Whole numbers, because `setBounds` takes no others. A panel that is larger than the display is made smaller. */
export function panelPlace(icon: Rectangle, workArea: Rectangle, wanted: { readonly width: number; readonly height: number }): Rectangle {
  const width = Math.min(wanted.width, workArea.width - 2 * MARGIN);
  const height = Math.min(wanted.height, workArea.height - 2 * MARGIN);
  // A bar at the bottom (Windows, some of Linux) opens upwards.
  const isBelow = icon.y + icon.height / 2 < workArea.y + workArea.height / 2;
  return {
    x: Math.round(clamp(icon.x + icon.width / 2 - width / 2, workArea.x + MARGIN, workArea.x + workArea.width - width - MARGIN)),
    y: Math.round(clamp(isBelow ? icon.y + icon.height : icon.y - height, workArea.y, workArea.y + workArea.height - height)),
    width: Math.round(width),
    height: Math.round(height),
  };
}

/** macOS 26 can switch an icon off, and a notch can cover it: then its bounds lie outside every bar, or are empty
 * (measured with 26.5: y is the height of the screen, https://github.com/tashfeenahmed/freellmapi/pull/1146). */
export function isIconHidden(icon: Rectangle, display: Rectangle): boolean {
  const isEmpty = icon.width === 0 || icon.height === 0;
  const isInside =
    icon.x + icon.width > display.x &&
    icon.x < display.x + display.width &&
    icon.y >= display.y &&
    icon.y + icon.height <= display.y + display.height;
  return isEmpty || !isInside;
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(value, most));
}
