"""Pure decisions of notification: what a draft says and lacks, who may approve, who is told."""
