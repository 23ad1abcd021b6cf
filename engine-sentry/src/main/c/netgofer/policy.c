/*
 * Who may be reached. The same decisions as dev.vivarium.profiles.network in
 * Java, which reads what people write; here, because the process that has the
 * host's network is the one that must hold to them.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "netgofer.h"

#define MAX_BINDINGS 1024
#define MAX_ANSWERS 512
#define LEAST_SECONDS 60
#define MOST_SECONDS 3600

struct rule {
	enum { NAME, BELOW, ADDRESSES, ANYONE, HOST } target;
	uint8_t base[16], last[16];
	int prefix;
	uint16_t first_port, last_port;
	uint8_t protocols;
	char name[MAX_HOST_NAME + 1];
};

/* A name that may be resolved had this address until then. */
struct binding {
	uint8_t address[16];
	int64_t end;
	char name[MAX_HOST_NAME + 1];
};

/* What a person said, for as long as this process lives. */
struct answer {
	int protocol;		/* 0: of every port of a name */
	uint16_t port;
	bool allow;
	uint8_t address[16];
	char name[MAX_HOST_NAME + 1];	/* then the address is of no matter */
};

bool full;
bool in_namespace;
static struct rule rules[MAX_RULES], denied[MAX_RULES];
static int rule_count, denied_count;
static struct answer answers[MAX_ANSWERS];
static int answer_count;
static struct binding bindings[MAX_BINDINGS];
static int binding_count;

static bool number(const char *text, long most, long *out)
{
	char *end;

	*out = strtol(text, &end, 10);
	return *text >= '0' && *text <= '9' && *end == 0 && *out <= most;
}

static bool add_addresses(struct rule *r, char *text)
{
	char *slash = strchr(text, '/');
	long prefix;
	uint8_t four[4];

	if (!slash || !number(slash + 1, 128, &prefix))
		return false;
	*slash = 0;
	if (inet_pton(AF_INET, text, four) == 1) {
		uint32_t v4;

		memcpy(&v4, four, 4);
		map_v4(r->base, v4);
	} else if (inet_pton(AF_INET6, text, r->base) != 1) {
		return false;
	}
	r->prefix = (int)prefix;
	for (int i = 0; i < 16; i++) {
		int bits = r->prefix - 8 * i;
		uint8_t mask = bits >= 8 ? 0xff : bits <= 0 ? 0 : (uint8_t)(0xff00 >> bits);

		r->base[i] &= mask;
		r->last[i] = r->base[i] | (uint8_t)~mask;
	}
	return true;
}

/* "[deny,]KIND,VALUE,FIRST PORT,LAST PORT,PROTOCOLS", as Rule.argument() writes it. */
bool add_rule(char *word)
{
	bool denies = strncmp(word, "deny,", 5) == 0;
	int *count = denies ? &denied_count : &rule_count;
	struct rule *r = denies ? &denied[denied_count] : &rules[rule_count];
	char *part[5];
	long first, last, protocols;

	if (*count == MAX_RULES)
		return false;
	if (denies)
		word += 5;
	for (int i = 0; i < 5; i++) {
		part[i] = strsep(&word, ",");
		if (!part[i])
			return false;
	}
	if (word || !number(part[2], 65535, &first) || !number(part[3], 65535, &last) ||
	    !number(part[4], 3, &protocols))
		return false;
	r->first_port = (uint16_t)first;
	r->last_port = (uint16_t)last;
	r->protocols = (uint8_t)protocols;
	switch (part[0][0]) {
	case 'n':
		r->target = strncmp(part[1], "*.", 2) == 0 ? BELOW : NAME;
		if (strlen(part[1]) > MAX_HOST_NAME)
			return false;
		strcpy(r->name, r->target == BELOW ? part[1] + 2 : part[1]);
		break;
	case 'a':
		r->target = ADDRESSES;
		if (!add_addresses(r, part[1]))
			return false;
		break;
	case '*':
		r->target = ANYONE;
		break;
	case 'h':
		r->target = HOST;
		break;
	default:
		return false;
	}
	(*count)++;
	return true;
}

static bool in(const uint8_t *a, uint8_t b0, uint8_t b1, uint8_t b2, int prefix)
{
	uint32_t value = (uint32_t)a[0] << 24 | (uint32_t)a[1] << 16 | (uint32_t)a[2] << 8 | a[3];
	uint32_t base = (uint32_t)b0 << 24 | (uint32_t)b1 << 16 | (uint32_t)b2 << 8;

	return (value ^ base) >> (32 - prefix) == 0;
}

static bool is(const uint8_t *a, uint8_t b0, uint8_t b1, uint8_t b2, uint8_t b3)
{
	return a[0] == b0 && a[1] == b1 && a[2] == b2 && a[3] == b3;
}

static enum kind kind_of_v4(const uint8_t *a)
{
	if (is(a, 169, 254, 169, 254) || is(a, 169, 254, 170, 2) || is(a, 100, 100, 100, 200) ||
	    is(a, 168, 63, 129, 16) || is(a, 192, 0, 0, 192))
		return METADATA;
	if (in(a, 127, 0, 0, 8))
		return LOOPBACK;
	if (in(a, 10, 0, 0, 8) || in(a, 172, 16, 0, 12) || in(a, 192, 168, 0, 16) || in(a, 100, 64, 0, 10))
		return PRIVATE;
	if (in(a, 169, 254, 0, 16))
		return LINK_LOCAL;
	if (in(a, 224, 0, 0, 4) || is(a, 255, 255, 255, 255) || in(a, 0, 0, 0, 8))
		return MULTICAST;
	if (in(a, 240, 0, 0, 4) || in(a, 192, 0, 0, 24) || in(a, 192, 0, 2, 24) ||
	    in(a, 192, 88, 99, 24) || in(a, 198, 18, 0, 15) || in(a, 198, 51, 100, 24) ||
	    in(a, 203, 0, 113, 24))
		return RESERVED;
	return PUBLIC;
}

/* What an address is by itself. */
enum kind kind_of(const uint8_t a[16])
{
	static const uint8_t zero[16], one[16] = { [15] = 1 };
	static const uint8_t nat64[12] = { 0, 0x64, 0xff, 0x9b };
	static const uint8_t metadata[2][16] = { { 0xfd, 0, 0x0e, 0xc2, [14] = 2, 0x54 },
						 { 0xfd, 0x20, 0x0c, 0xe0, [14] = 2, 0x54 } };

	if (is_v4(a))
		return kind_of_v4(a + 12);
	if (memcmp(a, one, 16) == 0)
		return LOOPBACK;
	if (memcmp(a, zero, 16) == 0 || a[0] == 0xff)
		return MULTICAST;
	if (memcmp(a, metadata[0], 16) == 0 || memcmp(a, metadata[1], 16) == 0)
		return METADATA;
	if ((a[0] & 0xfe) == 0xfc)
		return PRIVATE;
	if (a[0] == 0xfe && (a[1] & 0xc0) == 0x80)
		return LINK_LOCAL;
	if (a[0] == 0xfe && (a[1] & 0xc0) == 0xc0)
		return PRIVATE;
	if (memcmp(a, nat64, 12) == 0)
		return kind_of_v4(a + 12);
	if ((a[0] & 0xe0) != 0x20)
		return RESERVED;
	if (a[0] == 0x20 && a[1] == 0x02) {
		enum kind inner = kind_of_v4(a + 2);

		return inner == PUBLIC ? RESERVED : inner;
	}
	if ((a[0] == 0x20 && a[1] == 0x01 && (a[2] & 0xfe) == 0) ||
	    (a[0] == 0x20 && a[1] == 0x01 && a[2] == 0x0d && a[3] == 0xb8) ||
	    (a[0] == 0x3f && a[1] == 0xff && (a[2] & 0xf0) == 0))
		return RESERVED;
	return PUBLIC;
}

static enum kind kind_here(const uint8_t a[16])
{
	enum kind kind = kind_of(a);

	return kind != LOOPBACK && kind != MULTICAST && is_own(a) ? OWN : kind;
}

static bool in_range(const struct rule *r, const uint8_t a[16])
{
	return r->target == ADDRESSES && (!is_v4(a) || r->prefix >= 96) && memcmp(a, r->base, 16) >= 0 &&
	       memcmp(a, r->last, 16) <= 0;
}

/*
 * Whether a rule asks for this address explicitly. Private networks open only
 * to a range that lies within one; a cloud's metadata and this machine only to
 * a rule for that one address.
 */
static bool asks_for(const struct rule *r, const uint8_t a[16], enum kind kind)
{
	if (!in_range(r, a))
		return false;
	switch (kind) {
	case PUBLIC:
		return true;
	case PRIVATE:
	case LINK_LOCAL:
	case RESERVED:
		return kind_of(r->base) == kind && kind_of(r->last) == kind;
	case METADATA:
	case OWN:
		return r->prefix == 128;
	default:
		return false;
	}
}

static bool matches(const struct rule *r, const char *name)
{
	size_t n = strlen(name), m = strlen(r->name);

	if (r->target == NAME)
		return strcmp(name, r->name) == 0;
	return r->target == BELOW && n > m + 1 && name[n - m - 1] == '.' &&
	       strcmp(name + n - m, r->name) == 0;
}

bool keep_answer(int protocol, const uint8_t address[16], uint16_t port, const char *name, bool allow)
{
	if (answer_count == MAX_ANSWERS)
		return false;
	struct answer *a = &answers[answer_count++];

	a->protocol = protocol;
	a->port = port;
	a->allow = allow;
	memcpy(a->address, address, 16);
	strncpy(a->name, name, MAX_HOST_NAME);
	return true;
}

/* The newest holds. */
static const struct answer *answer_for_name(const char *name)
{
	for (int i = answer_count - 1; i >= 0; i--)
		if (answers[i].protocol == 0 && strcmp(answers[i].name, name) == 0)
			return &answers[i];
	return NULL;
}

/*
 * Which rule lets a name be resolved, or RULE_*: FULL and ANSWERED let it too,
 * ASKED may. It is in lower case, without a dot at its end.
 */
int rule_for_name(const char *name)
{
	for (int i = 0; i < denied_count; i++)
		if ((denied[i].target == ANYONE || matches(&denied[i], name)) && denied[i].first_port <= 1 &&
		    denied[i].last_port == 65535 && denied[i].protocols == 3)
			return RULE_DENIED;
	for (int i = 0; i < rule_count; i++)
		if (rules[i].target == ANYONE || matches(&rules[i], name))
			return i;
	if (!asking)
		return full ? RULE_FULL : RULE_NONE;
	const struct answer *a = answer_for_name(name);

	return !a ? RULE_ASKED : a->allow ? RULE_ANSWERED : RULE_DENIED;
}

/*
 * Learns an address from an answer for a name that may be resolved. False if
 * that address may not be given: it is not public and no rule asks for it.
 */
bool bind_name(const char *name, const uint8_t a[16], uint32_t ttl, int64_t now, enum kind *kind)
{
	struct binding *b = NULL;

	*kind = kind_here(a);
	if (*kind != PUBLIC) {
		for (int i = 0; i < rule_count; i++)
			if (asks_for(&rules[i], a, *kind))
				return true;
		return false;
	}
	for (int i = 0; i < binding_count; i++) {
		struct binding *other = &bindings[i];

		if (memcmp(other->address, a, 16) == 0 && strcmp(other->name, name) == 0) {
			b = other;
			break;
		}
		if (!b || other->end < b->end)
			b = other;
	}
	/* A full table forgets what would end first. */
	bool known = b && memcmp(b->address, a, 16) == 0 && strcmp(b->name, name) == 0;
	if (!known && binding_count < MAX_BINDINGS)
		b = &bindings[binding_count++];
	int64_t end = now + (ttl < LEAST_SECONDS ? LEAST_SECONDS : ttl > MOST_SECONDS ? MOST_SECONDS : ttl);
	if (!known || end > b->end)
		b->end = end;
	memcpy(b->address, a, 16);
	snprintf(b->name, sizeof b->name, "%s", name);
	return true;
}

static const char *name_of(const struct rule *r, const uint8_t a[16], int64_t now)
{
	for (int i = 0; i < binding_count; i++)
		if (bindings[i].end > now && memcmp(bindings[i].address, a, 16) == 0 &&
		    matches(r, bindings[i].name))
			return bindings[i].name;
	return NULL;
}

static bool fits(const struct rule *r, int protocol, uint16_t port)
{
	return (r->protocols & protocol) != 0 && port >= r->first_port && port <= r->last_port;
}

static bool is_denied(int protocol, const uint8_t a[16], uint16_t port, int64_t now)
{
	for (int i = 0; i < denied_count; i++) {
		const struct rule *r = &denied[i];

		if (fits(r, protocol, port) && (r->target == ANYONE || in_range(r, a) || name_of(r, a, now)))
			return true;
	}
	return false;
}

/* What a person said of it, or that one is to be asked. */
static void decide_by_answer(struct decision *d, int protocol, const uint8_t a[16], uint16_t port, int64_t now)
{
	const struct answer *found = NULL;

	for (int i = 0; i < binding_count; i++) {
		if (bindings[i].end <= now || memcmp(bindings[i].address, a, 16) != 0)
			continue;
		const struct answer *of = d->kind == PUBLIC ? answer_for_name(bindings[i].name) : NULL;

		if (of && of->allow) {
			*d = (struct decision){ true, RULE_ANSWERED, d->kind, bindings[i].name };
			return;
		}
		if (!d->name)
			d->name = bindings[i].name;
	}
	for (int i = answer_count - 1; i >= 0 && !found; i--)
		if (answers[i].protocol == protocol && answers[i].port == port &&
		    (d->name && *answers[i].name ? strcmp(answers[i].name, d->name) == 0
						 : memcmp(answers[i].address, a, 16) == 0))
			found = &answers[i];
	d->allowed = found && found->allow;
	d->rule = !found ? RULE_ASKED : found->allow ? RULE_ANSWERED : RULE_DENIED;
}

/* The port is in this machine's order. */
struct decision decide(int protocol, const uint8_t a[16], uint16_t port, int64_t now)
{
	struct decision d = { false, RULE_NONE, kind_here(a), NULL };

	if (is_denied(protocol, a, port, now)) {
		d.rule = RULE_DENIED;
		return d;
	}
	for (int i = 0; i < rule_count && port != 0; i++) {
		const struct rule *r = &rules[i];

		if (!fits(r, protocol, port))
			continue;
		if (asks_for(r, a, d.kind) || (d.kind == PUBLIC && r->target == ANYONE))
			return (struct decision){ true, i, d.kind, NULL };
		if (d.kind == PUBLIC && (d.name = name_of(r, a, now)) != NULL)
			return (struct decision){ true, i, d.kind, d.name };
	}
	if (full && (d.kind == PUBLIC || in_namespace) && port != 0) {
		d.allowed = true;
		d.rule = RULE_FULL;
	} else if (asking && (d.kind == PUBLIC || d.kind == PRIVATE) && port != 0) {
		decide_by_answer(&d, protocol, a, port, now);
	}
	return d;
}

struct decision decide_host_loopback(int protocol, uint16_t port)
{
	struct decision d = { false, RULE_NONE, LOOPBACK, NULL };

	for (int i = 0; i < denied_count; i++)
		if (denied[i].target == HOST && fits(&denied[i], protocol, port))
			return (struct decision){ false, RULE_DENIED, LOOPBACK, NULL };
	for (int i = 0; i < rule_count; i++)
		if (rules[i].target == HOST && fits(&rules[i], protocol, port))
			return (struct decision){ true, i, LOOPBACK, NULL };
	if (asking)
		decide_by_answer(&d, protocol, gateway, port, 0);
	return d;
}
