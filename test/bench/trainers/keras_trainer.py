"""Trains the same block in Python TensorFlow, one compiled call a step on data that stays in memory.

`layers`: Keras layers and optimizer under tf.function. `operations`: hand-written with TensorFlow's own operations.
Speaks as `serve.ts` does: `ready`, then the milliseconds of a turn for each line on standard input.
"""

import argparse
import os
import sys
import time

threads = int(os.environ["OMP_NUM_THREADS"])
import keras
import numpy as np
import tensorflow as tf

tf.config.threading.set_intra_op_parallelism_threads(threads)
tf.config.threading.set_inter_op_parallelism_threads(int(os.environ["TF_NUM_INTEROP_THREADS"]))

parser = argparse.ArgumentParser()
parser.add_argument("style", choices=["layers", "operations"])
for name in ["channels", "size", "batch", "steps"]:
    parser.add_argument(f"--{name}", type=int)
parser.add_argument("--precision")
arguments = parser.parse_args()
channels, size, batch, steps = arguments.channels, arguments.size, arguments.batch, arguments.steps
shape = [size, size, channels]
random = np.random.default_rng(1)


def activations():
    return tf.constant(np.maximum(random.standard_normal([steps * batch, *shape], dtype=np.float32), 0))


inputs, targets = activations(), activations()


def batch_of(data, index):
    return tf.slice(data, [index * batch, 0, 0, 0], [batch, *shape])


def step_of_layers():
    stack = [keras.Input(shape)]
    for _ in range(2):
        stack += [
            keras.layers.SeparableConv2D(channels, 3, padding="same", use_bias=False),
            keras.layers.BatchNormalization(momentum=0.9),
            keras.layers.ReLU(),
        ]
    model = keras.Sequential(stack)
    optimizer = keras.optimizers.Adam(0.001)
    optimizer.build(model.trainable_variables)

    @tf.function
    def step(index):
        with tf.GradientTape() as tape:
            prediction = model(batch_of(inputs, index), training=True)
            loss = tf.reduce_mean(tf.math.squared_difference(prediction, batch_of(targets, index)))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        return loss

    return step


def step_of_operations():
    trained = []

    def weight(weight_shape, deviation):
        if deviation is None:
            value = np.ones(weight_shape, np.float32)
        else:
            value = random.standard_normal(weight_shape, dtype=np.float32) * np.float32(deviation)
        trained.append(tf.Variable(value))
        return trained[-1]

    convolutions = [
        {
            "depthwise": weight([3, 3, channels, 1], (2 / 9) ** 0.5),
            "pointwise": weight([1, 1, channels, channels], (2 / channels) ** 0.5),
            "scale": weight([channels], None),
            "offset": weight([channels], 0),
            "mean": tf.Variable(tf.zeros([channels])),
            "variance": tf.Variable(tf.ones([channels])),
        }
        for _ in range(2)
    ]
    moments = [(tf.Variable(tf.zeros_like(v)), tf.Variable(tf.zeros_like(v))) for v in trained]
    powers = tf.Variable(0.9), tf.Variable(0.999)

    def forward(x):
        for convolution in convolutions:
            x = tf.nn.depthwise_conv2d(x, convolution["depthwise"], [1, 1, 1, 1], "SAME")
            x = tf.nn.conv2d(x, convolution["pointwise"], 1, "SAME")
            x, mean, variance = tf.compat.v1.nn.fused_batch_norm(
                x,
                convolution["scale"],
                convolution["offset"],
                convolution["mean"],
                convolution["variance"],
                epsilon=0.001,
                is_training=True,
                exponential_avg_factor=0.1,
            )
            convolution["mean"].assign(mean)
            convolution["variance"].assign(variance)
            x = tf.nn.relu(x)
        return x

    @tf.function
    def step(index):
        with tf.GradientTape() as tape:
            difference = forward(batch_of(inputs, index)) - batch_of(targets, index)
            loss = tf.nn.l2_loss(difference) * (2 / (batch * size * size * channels))
        for variable, (first, second), gradient in zip(trained, moments, tape.gradient(loss, trained)):
            tf.raw_ops.ResourceApplyAdam(
                var=variable.handle,
                m=first.handle,
                v=second.handle,
                beta1_power=powers[0],
                beta2_power=powers[1],
                lr=0.001,
                beta1=0.9,
                beta2=0.999,
                epsilon=1e-7,
                grad=gradient,
            )
        powers[0].assign(powers[0] * 0.9)
        powers[1].assign(powers[1] * 0.999)
        return loss

    return step


step = step_of_layers() if arguments.style == "layers" else step_of_operations()
indices = [tf.constant(index) for index in range(steps)]


def turn():
    for index in indices:
        loss = step(index)
    if not np.isfinite(loss.numpy()):
        raise SystemExit("the loss is not finite")


turn()
print("ready", flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    turn()
    print((time.perf_counter() - start) * 1000, flush=True)
