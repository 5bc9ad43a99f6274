// Programs that hold a port for somebody else: a whole session, or all containers of a machine hang on them, so none of them is ever
// ended for the sake of one port, whoever asks (R13). Pure.

const SESSIONS: ReadonlySet<string> = new Set(
  'systemd init launchd dbus-daemon dbus-broker gnome-shell plasmashell tmux screen SCREEN zellij sshd login'.split(' '),
);
/** Docker with and without root, Docker Desktop, OrbStack, Lima and Colima, Podman, WSL. */
const FORWARDERS: ReadonlySet<string> = new Set(
  'docker-proxy dockerd containerd rootlesskit rootlessport slirp4netns pasta pasta.avx2 conmon podman gvproxy vpnkit com.docker.backend com.docker.vpnkit OrbStack limactl colima qemu-system-x86_64 qemu-system-aarch64 wslrelay kubelet k3s'.split(
    ' ',
  ),
);

/** Why a process of this name is not ended; undefined: nothing is known against it. */
export function holdsForOthers(name: string): { readonly reason: string; readonly hint: string } | undefined {
  if (SESSIONS.has(name))
    return { reason: 'holds-a-session', hint: `A whole session hangs on ${name}: free the port where it was opened.` };
  if (FORWARDERS.has(name) || name.startsWith('OrbStack'))
    return {
      reason: 'forwards-for-others',
      hint: `${name} forwards ports for containers or machines: stop the one that published this port.`,
    };
  return undefined;
}
