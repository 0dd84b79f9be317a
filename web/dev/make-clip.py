#!/usr/bin/env python3
"""A quiet clip to look at while working on the page: a sun over ridges in mist, with a tone.

    make-clip.py OUT.mp4 [seconds=40] [height=720]

Needs numpy and ffmpeg. H.264 and AAC, index at the end, as many clips in the wild have it.
"""
import subprocess
import sys

import numpy as np

out = sys.argv[1]
seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 40
height = int(sys.argv[3]) if len(sys.argv) > 3 else 720
width, rate = height * 16 // 9, 24
rng = np.random.default_rng(7)

x = np.linspace(0, 1, width, dtype=np.float32)
y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
grain = rng.normal(0, 1.1, (height, width, 1)).astype(np.float32)


def colour(code):
    return np.array([int(code[i:i + 2], 16) for i in (0, 2, 4)], dtype=np.float32)


LAYERS = 7
phases = [rng.uniform(0, 6.28, 9) for _ in range(LAYERS)]


def ridge(layer, shift):
    """Height of a ridge for every column: a sum of waves, rougher when nearer."""
    u = (x * (1.2 + 0.25 * layer) + shift) * 3.1
    line = np.zeros_like(u)
    for octave in range(9):
        line += np.sin(u * 2.0**octave * 0.83 + phases[layer][octave]) * 0.5**octave * (1 if octave < 2 else 0.8)
    return line


def mix(one, other, share):
    return one + (other - one) * share


def frame(t):
    p = t / seconds
    sun_x, sun_y = 0.62 + 0.03 * p, 0.56 - 0.24 * p
    zenith = mix(colour('1d2b4f'), colour('4c7fae'), p)
    middle = mix(colour('a0516b'), colour('e8b48a'), p)
    low = mix(colour('f39a5b'), colour('ffe3b0'), p)
    down = np.clip(y / 0.72, 0, 1)
    sky = np.where((down < 0.55)[..., None], mix(zenith, middle, (down / 0.55)[..., None] ** 1.3),
                   mix(middle, low, ((down - 0.55) / 0.45)[..., None]))
    picture = np.broadcast_to(sky, (height, width, 3)).astype(np.float32).copy()
    distance = np.sqrt(((x[None, :] - sun_x) * 16 / 9) ** 2 + (y - sun_y) ** 2)
    glow = np.exp(-distance * 5.5)[..., None]
    picture += glow * mix(colour('ff9a50'), colour('fff0c8'), p) * 0.75
    disc = np.clip((0.052 - distance) * height / 2.0, 0, 1)[..., None]
    picture = mix(picture, np.array([255, 243, 214], dtype=np.float32), disc)
    for layer in range(LAYERS):
        near = layer / (LAYERS - 1)
        top = 0.58 + 0.40 * near**1.15 + ridge(layer, t * 0.004 * (0.3 + 2.2 * near)) * (0.028 + 0.035 * near) - 0.05
        inside = np.clip((y - top[None, :]) * height, 0, 1)[..., None]
        far_colour = mix(colour('c98a86'), colour('dcc3b4'), p)
        near_colour = mix(colour('140f22'), colour('22303a'), p)
        body = mix(far_colour, near_colour, near**0.8)
        mist = np.clip((y - top[None, :]) / (0.10 + 0.09 * near), 0, 1)[..., None]
        lit = mix(low, body, 0.55 + 0.45 * near)
        shade = mix(body, lit, mist * (0.85 - 0.7 * near)) + glow * 70 * (1 - near)
        picture = mix(picture, shade, inside)
    return np.clip(picture + np.roll(grain, int(t * 997) % width, axis=1), 0, 255).astype(np.uint8)


encoder = subprocess.Popen(
    ['ffmpeg', '-v', 'error', '-y', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', f'{width}x{height}', '-r', str(rate),
     '-i', '-', '-f', 'lavfi', '-i', f'sine=frequency=196:duration={seconds}', '-filter:a', 'volume=0.2', '-c:v', 'libx264', '-preset', 'veryfast',
     '-crf', '20', '-g', '48', '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-shortest', out], stdin=subprocess.PIPE)
for index in range(seconds * rate):
    encoder.stdin.write(frame(index / rate).tobytes())
encoder.stdin.close()
sys.exit(encoder.wait())
