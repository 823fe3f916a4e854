/**
 * The files that Hyperledger Caliper's Ethereum connector asks for (its documentation, "ethereum config" and "workload module",
 * version 0.6), for a chain that the operator names. They hold no key: where one belongs they say so. A benchmark is planned work of the
 * operators; nothing here runs one, and no result of one ever decides a verdict (master plan section 14).
 */
export interface CaliperPlan {
  /** `ws://` or `wss://`: the connector refuses anything else. The node needs the API groups ETH, NET and WEB3 on it. */
  readonly url: string;
  readonly chainId: number;
  /** Transactions a second that are asked for, and how many in all. */
  readonly tps: number;
  readonly count: number;
}

export interface PlainFile {
  readonly name: string;
  readonly text: string;
}

const FILL_IN = 'FILL IN';

/** Why a plan can not be written, or null. */
export function caliperProblem(plan: CaliperPlan): string | null {
  if (!/^wss?:\/\/[^\s]+$/.test(plan.url))
    return 'the connector takes ws:// or wss:// only (Besu: port 8546), not http';
  if (!Number.isSafeInteger(plan.tps) || plan.tps < 1 || plan.tps > 100_000)
    return 'the rate is a whole number from 1 to 100000 transactions a second';
  if (!Number.isSafeInteger(plan.count) || plan.count < 1)
    return 'the number of transactions is a whole number';
  return null;
}

/** The files, ready to be filled in by the operator. Pure. */
export function caliperFiles(plan: CaliperPlan): readonly PlainFile[] {
  const network = {
    caliper: { blockchain: 'ethereum' },
    ethereum: {
      url: plan.url,
      chainId: plan.chainId,
      fromAddress: `${FILL_IN}: a funded account made for this benchmark and for nothing else`,
      fromAddressPrivateKey: `${FILL_IN}: its key, on the machine that runs Caliper only`,
      contractDeployerAddress: `${FILL_IN}: may be the same account`,
      contractDeployerAddressPrivateKey: FILL_IN,
      transactionConfirmationBlocks: 1,
      contracts: { benchmark: { path: './contract.json', estimateGas: true } },
    },
  };
  const benchmark = [
    '# A benchmark of the operators. It sends transactions: agree on a window first, and on what else uses the chain then.',
    'test:',
    '  name: chain-138',
    '  workers:',
    '    number: 1',
    '  rounds:',
    '    - label: transactions',
    `      txNumber: ${plan.count}`,
    '      rateControl:',
    '        type: fixed-rate',
    '        opts:',
    `          tps: ${plan.tps}`,
    '      workload:',
    '        module: ./workload.js',
    '        arguments:',
    '          contract: benchmark',
    `          verb: "${FILL_IN}: a function of the contract"`,
    '          args: []',
    '',
  ].join('\n');
  const workload = [
    "'use strict';",
    '',
    "const { WorkloadModuleBase } = require('@hyperledger/caliper-core');",
    '',
    '/** Calls one function of one contract, as benchmark.yaml says. */',
    'class Workload extends WorkloadModuleBase {',
    '  async submitTransaction() {',
    '    const { contract, verb, args } = this.roundArguments;',
    '    await this.sutAdapter.sendRequests({ contract, verb, args, readOnly: false });',
    '  }',
    '}',
    '',
    'module.exports.createWorkloadModule = () => new Workload();',
    '',
  ].join('\n');
  const contract = {
    name: 'benchmark',
    abi: `${FILL_IN}: the ABI of the contract to be measured`,
    bytecode: `${FILL_IN}: its bytecode`,
    gas: 4_700_000,
  };
  return [
    { name: 'network.json', text: `${JSON.stringify(network, null, 2)}\n` },
    { name: 'benchmark.yaml', text: benchmark },
    { name: 'workload.js', text: workload },
    { name: 'contract.json', text: `${JSON.stringify(contract, null, 2)}\n` },
  ];
}
