#!/bin/sh
# Makes the demo's clip: a minute of slow colours with time and frame number burnt in, and a quiet arpeggio. H.264 baseline
# and AAC in MP4, with the index in front, so that every browser plays it. Needs ffmpeg and the DejaVu fonts. The result
# is committed: the demo itself needs neither.
set -eu
cd "$(dirname "$0")"
font="fontfile=/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf:fontcolor=white@0.92"
mono="fontfile=/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf:fontcolor=white@0.92"
ffmpeg -hide_banner -loglevel error -y \
  -f lavfi -i "gradients=size=960x540:rate=24:duration=60:nb_colors=5:c0=0x0b132b:c1=0x3a506b:c2=0x5bc0be:c3=0xf4a261:c4=0xe76f51:speed=0.012:seed=11:x0=0:y0=0:x1=960:y1=540" \
  -f lavfi -i "aevalsrc=exprs=0.10*sin(2*PI*t*220*pow(2\,mod(floor(t*2)*7\,24)/12))*exp(-3*mod(t\,0.5))+0.06*sin(2*PI*t*110*pow(2\,mod(floor(t/4)*5\,12)/12)):s=48000" \
  -t 60 \
  -vf "noise=alls=3:allf=t,drawtext=$font:fontsize=44:x=48:y=48:text='torrent-live',drawtext=$mono:fontsize=30:x=48:y=h-78:text='%{pts\:hms}  frame %{n}',drawbox=x=0:y=ih-6:w=iw:h=6:color=black@0.35:t=fill" \
  -c:v libx264 -profile:v baseline -preset slow -b:v 460k -maxrate 600k -bufsize 1200k -g 48 -pix_fmt yuv420p \
  -c:a aac -b:a 64k -ac 1 \
  -map_metadata -1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact \
  -movflags +faststart "torrent-live demo.mp4"
