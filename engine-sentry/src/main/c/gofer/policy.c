/*
 * What of this machine's own "/" the pseudo image "host" shows: programs,
 * libraries and configuration, and nothing that is a person's or a secret.
 * On top of this list stands the rule of walk.c: what "other" may not read is
 * answered with EACCES, whoever started the gofer.
 */
#include <string.h>
#include <fnmatch.h>
#include <linux/magic.h>
#include "gofer.h"

struct rule {
	uint8_t in;
	uint8_t then;
	const char *pattern;
};

static const struct rule rules[] = {
	/* The top: served, and places that the sentry mounts on. Anything else is not there. */
	{ ZONE_ROOT, ZONE_OPEN, "usr" },
	{ ZONE_ROOT, ZONE_OPEN, "bin" },
	{ ZONE_ROOT, ZONE_OPEN, "sbin" },
	{ ZONE_ROOT, ZONE_OPEN, "lib" },
	{ ZONE_ROOT, ZONE_OPEN, "lib32" },
	{ ZONE_ROOT, ZONE_OPEN, "lib64" },
	{ ZONE_ROOT, ZONE_OPEN, "libx32" },
	{ ZONE_ROOT, ZONE_OPEN, "opt" },
	{ ZONE_ROOT, ZONE_OPEN, "nix" },
	{ ZONE_ROOT, ZONE_OPEN, "gnu" },
	{ ZONE_ROOT, ZONE_ETC, "etc" },
	{ ZONE_ROOT, ZONE_VAR, "var" },
	{ ZONE_ROOT, ZONE_EMPTY, "proc" },
	{ ZONE_ROOT, ZONE_EMPTY, "sys" },
	{ ZONE_ROOT, ZONE_EMPTY, "dev" },
	{ ZONE_ROOT, ZONE_EMPTY, "home" },
	{ ZONE_ROOT, ZONE_EMPTY, "root" },
	{ ZONE_ROOT, ZONE_EMPTY, "tmp" },
	{ ZONE_ROOT, ZONE_EMPTY, "run" },
	{ ZONE_ROOT, ZONE_EMPTY, "mnt" },
	{ ZONE_ROOT, ZONE_EMPTY, "media" },
	{ ZONE_ROOT, ZONE_EMPTY, "srv" },
	{ ZONE_ROOT, ZONE_EMPTY, "boot" },

	{ ZONE_VAR, ZONE_OPEN, "lib" },
	{ ZONE_VAR, ZONE_OPEN, "cache" },
	{ ZONE_VAR, ZONE_OPEN, "opt" },
	{ ZONE_VAR, ZONE_EMPTY, "tmp" },
	{ ZONE_VAR, ZONE_EMPTY, "log" },
	{ ZONE_VAR, ZONE_EMPTY, "spool" },
	{ ZONE_VAR, ZONE_EMPTY, "mail" },
	{ ZONE_VAR, ZONE_EMPTY, "local" },
	{ ZONE_VAR, ZONE_EMPTY, "run" },
	{ ZONE_VAR, ZONE_EMPTY, "lock" },

	{ ZONE_ETC, ZONE_DENIED, "shadow*" },
	{ ZONE_ETC, ZONE_DENIED, "gshadow*" },
	{ ZONE_ETC, ZONE_DENIED, ".pwd.lock" },
	{ ZONE_ETC, ZONE_DENIED, "sudoers*" },
	{ ZONE_ETC, ZONE_DENIED, "doas.conf" },
	{ ZONE_ETC, ZONE_DENIED, "machine-id" },
	{ ZONE_ETC, ZONE_DENIED, "*.keytab" },
	{ ZONE_ETC, ZONE_DENIED, "wireguard" },
	{ ZONE_ETC, ZONE_DENIED, "openvpn" },
	{ ZONE_ETC, ZONE_DENIED, "ipsec.secrets" },
	{ ZONE_ETC, ZONE_DENIED, "ppp" },
	{ ZONE_ETC, ZONE_DENIED, "NetworkManager" },
	{ ZONE_ETC, ZONE_DENIED, "wpa_supplicant" },
	{ ZONE_ETC, ZONE_DENIED, "letsencrypt" },
	{ ZONE_ETC, ZONE_DENIED, "kubernetes" },
	{ ZONE_ETC, ZONE_ETC_SSH, "ssh" },
	{ ZONE_ETC, ZONE_ETC_SSL, "ssl" },
	{ ZONE_ETC, ZONE_ETC_SSL, "pki" },
	{ ZONE_ETC, ZONE_ETC_SECURITY, "security" },
	{ ZONE_ETC_SSH, ZONE_DENIED, "ssh_host_*" },
	{ ZONE_ETC_SSL, ZONE_DENIED, "private" },
	{ ZONE_ETC_SSL, ZONE_DENIED, "*.key" },
	{ ZONE_ETC_SECURITY, ZONE_DENIED, "opasswd*" },
};

enum zone zone_of(enum zone directory, const char *name)
{
	if (directory == ZONE_OPEN)
		return ZONE_OPEN;
	if (directory == ZONE_DENIED)
		return ZONE_DENIED;
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
		if (rules[i].in == directory && fnmatch(rules[i].pattern, name, 0) == 0)
			return rules[i].then;
	if (directory == ZONE_ROOT || directory == ZONE_VAR || directory == ZONE_EMPTY)
		return ZONE_HIDDEN;
	return ZONE_OPEN;
}

/* Whether a mount inside "host" is of a kind that a system is installed on. */
bool local_file_system(int64_t type)
{
	switch ((uint32_t)type) {
	case EXT4_SUPER_MAGIC:
	case XFS_SUPER_MAGIC:
	case BTRFS_SUPER_MAGIC:
	case F2FS_SUPER_MAGIC:
	case EROFS_SUPER_MAGIC_V1:
	case SQUASHFS_MAGIC:
	case OVERLAYFS_SUPER_MAGIC:
	case TMPFS_MAGIC:
	case 0x2fc12fc1:	/* zfs */
	case 0xca451a4e:	/* bcachefs */
		return true;
	default:
		return false;
	}
}
