// Where one can go: a sidebar with all services on a wide window, a bar at the bottom of a narrow one.
import type { ServiceView } from '../contract/snapshot.ts';
import { faceOf, overallFace } from './face.ts';
import { type Route, serviceHref } from './router.ts';
import { useLive } from './store.ts';
import { Glyph, type GlyphName, Silhouette } from './ui/icon.tsx';

const PLACES: readonly { view: Route['view']; href: string; icon: GlyphName; label: string; short: string }[] = [
  { view: 'overview', href: '#/', icon: 'overview', label: 'Overview', short: 'Overview' },
  { view: 'incidents', href: '#/incidents', icon: 'incidents', label: 'Incidents', short: 'Incidents' },
  { view: 'watch', href: '#/watch', icon: 'watch', label: 'Watch something', short: 'Watch' },
  { view: 'settings', href: '#/settings', icon: 'settings', label: 'Settings', short: 'Settings' },
];

export function Navigation({ route }: { route: Route }) {
  const snapshot = useLive((live) => live.snapshot);
  return (
    <nav class="nav" aria-label="Main">
      <div class="nav-brand" aria-hidden="true">
        {snapshot ? <Silhouette {...overallFace(snapshot)} size={18} /> : <Silhouette shape="hollow" tone="grey" size={18} />}
        <span>Jarvis Health</span>
      </div>
      <ul class="nav-places">
        {PLACES.map((place) => (
          <li key={place.view}>
            <a href={place.href} aria-current={isAt(route, place.view) ? 'page' : undefined}>
              <Glyph name={place.icon} size={18} />
              <span class="nav-long">{place.label}</span>
              <span class="nav-short">{place.short}</span>
            </a>
          </li>
        ))}
      </ul>
      {snapshot && snapshot.services.length > 0 && <Services services={snapshot.services} route={route} />}
      {snapshot?.engine && (
        <p class="nav-foot">
          Engine {snapshot.engine.version}
          {snapshot.engine.dryRun ? ' · dry run' : ''}
        </p>
      )}
    </nav>
  );
}

function isAt(route: Route, view: Route['view']): boolean {
  return route.view === view;
}

function Services({ services, route }: { services: readonly ServiceView[]; route: Route }) {
  return (
    <div class="nav-services">
      <h2 id="nav-services">Services</h2>
      <ul aria-labelledby="nav-services">
        {services.map((view) => {
          const face = faceOf(view);
          return (
            <li key={view.id}>
              <a href={serviceHref(view.id)} aria-current={route.view === 'service' && route.id === view.id ? 'page' : undefined}>
                <Silhouette {...face} size={15} />
                <span class="nav-name">{view.name}</span>
                <span class="vh">, {face.word}</span>
              </a>
            </li>
          );
        })}
      </ul>
    </div>
  );
}
