/** Under this name alerts of Falco rules stand among those of detectors. */
export const rulesDetector = 'rules';
