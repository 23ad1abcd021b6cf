/*
 * Questions to a person: what no rule says. Here they are numbered, and who is
 * waiting for which is known (relay.c, dns.c); that time passes, and whether
 * anybody is there, is for the sandbox's process to say. What is asked for more
 * than once at a time is one question.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <string.h>
#include "netgofer.h"

#define MAX_QUESTIONS 16

static struct question {
	uint32_t number;	/* 0: a free place */
	uint32_t sequence;
	enum kind kind;
	bool told;
	int protocol;		/* 0: about a name */
	uint16_t port;
	uint8_t address[16];
	char name[MAX_HOST_NAME + 1];
} questions[MAX_QUESTIONS];

bool asking;
static uint32_t last;

static bool is_about(const struct question *q, int protocol, const uint8_t address[16], uint16_t port,
		     const char *name)
{
	return q->number != 0 && q->protocol == protocol && q->port == port &&
	       memcmp(q->address, address, 16) == 0 && (protocol != 0 || strcmp(q->name, name) == 0);
}

uint32_t ask(uint32_t sequence, int protocol, const uint8_t address[16], uint16_t port, enum kind kind,
	     const char *name)
{
	struct question *q = NULL;

	for (int i = 0; i < MAX_QUESTIONS; i++) {
		if (is_about(&questions[i], protocol, address, port, name ? name : ""))
			return questions[i].number;
		if (questions[i].number == 0)
			q = &questions[i];
	}
	if (!asking || !q)
		return 0;
	if (++last > INT32_MAX)
		last = 1;
	q->number = last;
	q->sequence = sequence;
	q->kind = kind;
	q->told = false;
	q->protocol = protocol;
	q->port = port;
	memcpy(q->address, address, 16);
	strncpy(q->name, name ? name : "", MAX_HOST_NAME);
	return q->number;
}

/* Tells of what came up, after whatever answers the request in which it did. */
void ask_tell(void)
{
	for (int i = 0; i < MAX_QUESTIONS; i++) {
		struct question *q = &questions[i];

		if (q->number == 0 || q->told)
			continue;
		struct net_message m = { .sequence = q->sequence, .event = NET_QUESTION, .value = q->number,
					 .rule = RULE_ASKED, .kind = (uint8_t)q->kind,
					 .protocol = (uint8_t)q->protocol, .port = htons(q->port) };

		q->told = true;
		memcpy(m.address, q->address, 16);
		send_message(&m, q->name, strlen(q->name), -1, false);
	}
}

/* Of somebody who knows the number: the answer is his to give. */
void ask_answered(uint32_t number, uint32_t answer)
{
	for (int i = 0; i < MAX_QUESTIONS; i++) {
		struct question *q = &questions[i];

		if (number == 0 || q->number != number)
			continue;
		bool allow = answer == ANSWER_ALLOW;

		/* What cannot be kept is asked for again. */
		if (answer == ANSWER_ALLOW || answer == ANSWER_REFUSE)
			keep_answer(q->protocol, q->address, q->port, q->name, allow);
		q->number = 0;
		relay_answered(number, allow);
		dns_answered(number, allow);
	}
}
