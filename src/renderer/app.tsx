// The frame of the window: navigation beside or below, banners about the app itself, the view of the address. Views that the
// first paint does not need are loaded when they are opened.
import { Component, type ComponentChildren, type ComponentType } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Banners } from './banners.tsx';
import { Navigation } from './navigation.tsx';
import { type Route, useRoute } from './router.ts';
import { useLive } from './store.ts';
import { useTitle } from './title.ts';
import { Button } from './ui/button.tsx';
import { Empty, Skeleton } from './ui/card.tsx';
import { Overview } from './views/overview.tsx';
import { SignIn } from './views/sign-in.tsx';

const LATER = {
  service: () => import('./views/service.tsx').then((module) => module.ServiceView as ComponentType<{ id?: string; service?: string }>),
  incidents: () => import('./views/incidents.tsx').then((module) => module.Incidents as ComponentType<{ id?: string; service?: string }>),
  settings: () => import('./views/settings.tsx').then((module) => module.Settings as ComponentType<{ id?: string; service?: string }>),
  welcome: () => import('./views/first-start.tsx').then((module) => module.FirstStart as ComponentType<{ id?: string; service?: string }>),
  watch: () => import('./views/watch.tsx').then((module) => module.Watch as ComponentType<{ id?: string; service?: string }>),
};

export function App() {
  const route = useRoute();
  const isSignedOut = useLive((live) => live.link.kind === 'unauthorized');
  const isStale = useLive((live) => live.link.kind === 'lost' && live.snapshot !== undefined);
  const main = useRef<HTMLElement>(null);
  const where = JSON.stringify(route);
  const first = useRef(where);
  useTitle();
  // A new view is a new page: to its top, and the focus to its beginning (WCAG 2.4.3).
  useEffect(() => {
    if (first.current === where) return;
    first.current = '';
    scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [where]);

  if (isSignedOut) return <SignIn />;
  return (
    <div class={`frame${isStale ? ' is-stale' : ''}`}>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to content
      </button>
      <Navigation route={route} />
      <main id="main" ref={main} tabIndex={-1}>
        <Banners />
        <Guard key={where}>
          <View route={route} />
        </Guard>
      </main>
    </div>
  );
}

function View({ route }: { route: Route }) {
  switch (route.view) {
    case 'overview':
      return <Overview />;
    case 'service':
      return <Later load={LATER.service} with={{ id: route.id }} />;
    case 'incidents':
      return <Later load={LATER.incidents} with={route.service === undefined ? {} : { service: route.service }} />;
    case 'settings':
      return <Later load={LATER.settings} with={route.program === undefined ? {} : { service: route.program }} />;
    case 'welcome':
      return <Later load={LATER.welcome} with={{}} />;
    case 'watch':
      return <Later load={LATER.watch} with={{}} />;
    case 'nowhere':
      return (
        <Empty title="There is nothing here" level="h1">
          <p>The address leads nowhere.</p>
          <a class="button plain" href="#/">
            To the overview
          </a>
        </Empty>
      );
  }
}

type LaterProps = { id?: string; service?: string };
function Later({ load, with: props }: { load: () => Promise<ComponentType<LaterProps>>; with: LaterProps }) {
  const [loaded, setLoaded] = useState<{ load: typeof load; View?: ComponentType<LaterProps>; error?: unknown }>({ load });
  useEffect(() => {
    let isCurrent = true;
    load().then(
      (View) => isCurrent && setLoaded({ load, View }),
      (error: unknown) => isCurrent && setLoaded({ load, error }),
    );
    return () => {
      isCurrent = false;
    };
  }, [load]);
  if (loaded.load === load && loaded.error !== undefined) throw loaded.error;
  if (loaded.load !== load || !loaded.View) return <Skeleton lines={4} />;
  return <loaded.View {...props} />;
}

/** One broken view never takes the window with it. */
class Guard extends Component<{ children: ComponentChildren }, { error?: unknown }> {
  override componentDidCatch(error: unknown): void {
    this.setState({ error });
  }
  override render() {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <Empty title="This view broke" level="h1">
        <p>{error instanceof Error ? error.message : String(error)}</p>
        <p>The engine is not affected; it goes on watching.</p>
        <p>
          <Button kind="primary" onPress={() => location.reload()}>
            Load again
          </Button>
        </p>
      </Empty>
    );
  }
}
