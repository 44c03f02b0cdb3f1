/** The configuration files of a testnet's homes. `src/signer/config.ts` and `src/peer/config.ts` read them. */

import { toHex } from '../../base/bytes.ts';
import { defaultAdmission } from '../../signer/config.ts';
import type { SignerPlan, TestnetPlan } from './plan.ts';

export const formatSignerConfig = ({ info, listen }: SignerPlan): string =>
  `# ${info.name}: what is local to this machine. Paths are relative to this directory.
federation = "../federation.toml"
# Votes and batches that must outlive a crash. A signer that lost this directory must take new keys.
data = "data"
log_level = "info"
# Bodies that are no operations on documents are rejected before they are ordered. "none": any body.
check = "documents"

[listen]
# Other signers.
peers = "${listen.peers}"
# Clients and learners.
http = "${listen.http}"
# Health and metrics, for this machine only.
metrics = "${listen.metrics}"

[admission]
# Beyond these bounds clients are told to retry later.
queue_bytes_max = ${defaultAdmission.queueBytesMax}
outstanding_per_client_max = ${defaultAdmission.outstandingPerClientMax}
`;

export const formatKeys = ({ info, rootSeed }: SignerPlan): string =>
  `# The secret of ${info.name}: all its keys come from it. Keep it from everybody else (mode 0600).
root_seed = "${toHex(rootSeed)}"
`;

export const formatPeerConfig = ({ signers, learner }: TestnetPlan): string =>
  `# A learner. Paths are relative to this directory.
federation = "../federation.toml"
# Signers to follow: the first that answers. Whatever it sends is verified.
follow = [
${signers.map(({ info }) => `  "${info.url}",`).join('\n')}
]
# "score": apply what is final by its score. "order": only what a committed block holds.
finality = "score"
data = "data"
log_level = "info"

[listen]
http = "${learner.listen}"

[store]
# "lmdb", "postgres", "couchdb" or "memory".
kind = "lmdb"

[store.lmdb]
path = "data/documents"

# [store.postgres]
# url = "postgres://user@localhost/database"
# schema = "musig_paxos"

# [store.couchdb]
# url = "http://localhost:5984"
# database = "documents"
`;
