/** NF_NETLINK_CONNTRACK_NEW, _UPDATE and _DESTROY (linux/netfilter/nfnetlink_compat.h). */
export const conntrackGroups = 1 | 2 | 4;
