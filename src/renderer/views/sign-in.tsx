// The page for a browser that is not signed in: a wrong, used or old address. Says how to get in, and shows nothing else.
import { Button } from '../ui/button.tsx';
import { Empty } from '../ui/card.tsx';
import { Silhouette } from '../ui/icon.tsx';

export function SignIn() {
  return (
    <main class="sign-in" id="main">
      <Empty level="h1" title="This window is not signed in" art={<Silhouette shape="question" tone="grey" size={52} />}>
        <p>
          An address with a token signs a browser in once, within five minutes. This one was used before, is too old, or is not of this
          engine.
        </p>
        <p>In a terminal on this machine:</p>
        <p>
          <code class="command">jarvis-health open</code>
        </p>
        <p class="empty-actions">
          <Button onPress={() => location.reload()}>Try again</Button>
        </p>
      </Empty>
    </main>
  );
}
