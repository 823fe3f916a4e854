/** The rules of claims, which the engine of runbooks keeps too: one text for the writer and the verifier. */
export { CLAIM_FRESH_S, claimNeedsWitness, claimProblem, type EvidenceBySeq } from '../model/claims.ts';
