import fc from 'fast-check'

const { PROPERTY_SEED } = process.env

// The same values in every run, so that a commit is not judged by chance. To look for more: PROPERTY_SEED=$RANDOM npm test
fc.configureGlobal({ seed: PROPERTY_SEED ? Number(PROPERTY_SEED) : 20_261_122 })
