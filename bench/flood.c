/*
 * Sends NetFlow 9 datagrams to 127.0.0.1 at an even rate: flood PORT RATE COUNT RECORDS. Prints how many went out and how many
 * microseconds it took. Every 20th datagram begins with the template. Records are of many ends and both directions.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static uint8_t *at;

static void u8(uint32_t v) { *at++ = v; }
static void u16(uint32_t v) { u8(v >> 8), u8(v); }
static void u32(uint32_t v) { u16(v >> 16), u16(v); }

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* Element and length of each field. */
static const uint16_t fields[][2] = {{8, 4},  {12, 4}, {7, 2},  {11, 2}, {4, 1},  {6, 1},  {1, 4},
                                     {2, 4},  {22, 4}, {21, 4}, {10, 2}, {14, 2}, {5, 1},  {61, 1},
                                     {16, 4}, {17, 4}, {9, 1},  {13, 1}};
enum { FIELDS = sizeof fields / sizeof *fields };

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) return 1;
  double rate = atof(argv[2]);
  uint32_t count = atoi(argv[3]), records = atoi(argv[4]), sent = 0, flow = 0;
  static uint8_t bytes[65536];
  uint64_t start = now();
  for (uint32_t n = 0; n < count; n++) {
    int tells = n % 20 == 0;
    at = bytes;
    u16(9), u16(records + tells), u32(1000000 + n / 100), u32(time(0)), u32(n), u32(1);
    if (tells) {
      u16(0), u16(8 + 4 * FIELDS), u16(256), u16(FIELDS);
      for (int i = 0; i < FIELDS; i++) u16(fields[i][0]), u16(fields[i][1]);
    }
    uint8_t *set = at;
    u16(256), u16(0);
    for (uint32_t i = 0; i < records; i++, flow++) {
      uint32_t pair = flow / 2, back = flow & 1;
      uint32_t client = 0xc6120000 + pair % 60000, server = 0xcb007100 + pair % 200;
      u32(back ? server : client), u32(back ? client : server);
      uint32_t port = 10000 + pair % 50000;
      u16(back ? 443 : port), u16(back ? port : 443);
      u8(6), u8(27), u32(1000 + pair % 1000), u32(10), u32(900000 + back), u32(999000), u16(1), u16(2), u8(0), u8(0);
      u32(64500), u32(64501), u8(24), u8(24);
    }
    while ((at - set) % 4) u8(0);
    uint32_t length = at - set;
    set[2] = length >> 8, set[3] = length;
    uint64_t due = start + (uint64_t)(n * 1e9 / rate);
    /* Sleeping is too coarse for high rates. */
    while (now() < due) {
      if (due - now() > 200000) usleep(100);
    }
    if (send(fd, bytes, at - bytes, 0) > 0) sent++;
  }
  printf("%u %llu\n", sent, (unsigned long long)(now() - start) / 1000);
  return 0;
}
