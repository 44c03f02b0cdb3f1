/**
 * A testnet's processes as containers and as systemd services, both with the least rights that work: no
 * new privileges, nothing writable but the process's own data, bounded memory, a restart on failure.
 */

import { join } from 'node:path';
import type { SignerPlan, TestnetPlan } from './plan.ts';

/** How the processes are run on this machine. Paths are absolute. */
export interface Program {
  /** The node binary. */
  readonly node: string;
  /** The checkout or the installed package: holds `dist` and `node_modules`. */
  readonly packageRoot: string;
  /** User name and numeric ids that own the homes; undefined where the system has none. */
  readonly user: { readonly name: string; readonly uid: number; readonly gid: number } | undefined;
}

export const mainOf = (packageRoot: string): string => join(packageRoot, 'dist', 'src', 'cli', 'main.js');

const yaml = (text: string): string => JSON.stringify(text.replaceAll('$', '$$$$'));

const healthCheck = ({ listen }: SignerPlan): string[] => {
  const probe = `fetch('http://${listen.metrics}/livez').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))`;
  return [
    '    healthcheck:',
    `      test: ["CMD", "node", "-e", ${yaml(probe)}]`,
    '      interval: 10s',
    '      start_period: 20s',
  ];
};

const composeService = (name: string, command: 'start' | 'peer', program: Program): string[] => [
  `  ${name}:`,
  '    <<: *process',
  `    command: ["node", "/app/dist/src/cli/main.js", "${command}", "--home", "/testnet/${name}"]`,
  '    volumes:',
  `      - { type: bind, source: ${yaml(program.packageRoot)}, target: /app, read_only: true }`,
  '      - { type: bind, source: ./federation.toml, target: /testnet/federation.toml, read_only: true }',
  `      - { type: bind, source: ./${name}, target: /testnet/${name} }`,
];

/** The compose file, to stand beside the homes. */
export const formatCompose = (plan: TestnetPlan, program: Program): string =>
  [
    "# Every process uses the machine's own network, so that the addresses in federation.toml hold inside",
    '# and outside of containers.',
    'name: musig-paxos',
    'x-process: &process',
    '  image: node:20-bookworm-slim',
    '  network_mode: host',
    ...(program.user ? [`  user: "${program.user.uid}:${program.user.gid}"`] : []),
    '  environment: { NODE_ENV: production }',
    '  read_only: true',
    '  tmpfs: [/tmp]',
    '  cap_drop: [ALL]',
    '  security_opt: ["no-new-privileges:true"]',
    '  mem_limit: 2g',
    '  pids_limit: 256',
    '  restart: on-failure',
    '  stop_grace_period: 30s',
    'services:',
    ...plan.signers.flatMap((signer) => [
      ...composeService(signer.home, 'start', program),
      ...healthCheck(signer),
    ]),
    ...composeService(plan.learner.home, 'peer', program),
    '',
  ].join('\n');

/** A word of ExecStart or ReadWritePaths: quoted, with systemd's own escapes. */
const word = (text: string): string =>
  `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%')}"`;
/** ExecStart expands variables too. */
const argument = (text: string): string => word(text.replaceAll('$', '$$$$'));

/**
 * A systemd unit.
 * @param home absolute path of the process's home, which holds a directory `data`.
 */
export const formatUnit = (
  name: string,
  command: 'start' | 'peer',
  home: string,
  { node, packageRoot, user }: Program,
): string =>
  [
    '[Unit]',
    `Description=MuSig Paxos ${name}`,
    'Wants=network-online.target',
    'After=network-online.target',
    'StartLimitIntervalSec=300',
    'StartLimitBurst=10',
    '',
    '[Service]',
    'Type=exec',
    ...(user ? [`User=${user.name}`] : []),
    `ExecStart=${[node, mainOf(packageRoot), command, '--home', home].map(argument).join(' ')}`,
    'Environment=NODE_ENV=production',
    'Restart=on-failure',
    'RestartSec=2',
    'TimeoutStopSec=30',
    'MemoryMax=2G',
    'TasksMax=256',
    'LimitNOFILE=65536',
    'UMask=0077',
    '',
    'NoNewPrivileges=yes',
    'CapabilityBoundingSet=',
    'ProtectSystem=strict',
    'ProtectHome=read-only',
    `ReadWritePaths=${word(join(home, 'data'))}`,
    // A testnet that lies in /tmp itself would not be seen any more.
    ...(home.startsWith('/tmp/') || home.startsWith('/var/tmp/') ? [] : ['PrivateTmp=yes']),
    'PrivateDevices=yes',
    'ProtectClock=yes',
    'ProtectControlGroups=yes',
    'ProtectHostname=yes',
    'ProtectKernelLogs=yes',
    'ProtectKernelModules=yes',
    'ProtectKernelTunables=yes',
    'RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX',
    'RestrictNamespaces=yes',
    'RestrictRealtime=yes',
    'RestrictSUIDSGID=yes',
    'LockPersonality=yes',
    'SystemCallArchitectures=native',
    'SystemCallFilter=@system-service',
    '# Not MemoryDenyWriteExecute: the JavaScript engine compiles at run time.',
    '',
    '[Install]',
    'WantedBy=multi-user.target',
    '',
  ].join('\n');
