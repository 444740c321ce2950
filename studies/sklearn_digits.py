"""Results that actlab did not make: scikit-learn's MLPClassifier on its digits, with a split and seeds of its own.

python studies/sklearn_digits.py > records/sklearn_digits.csv
"""

import csv
import sys
import warnings

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

warnings.simplefilter("ignore")
x, y = load_digits(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(x / 16, y, test_size=0.3, random_state=0, stratify=y)
out = csv.writer(sys.stdout)
out.writerow(["activation", "random_state", "n_iter", "test_accuracy"])
for activation in ("relu", "tanh", "logistic", "identity"):
    for seed in range(12):
        net = MLPClassifier((64,), activation=activation, random_state=seed, max_iter=60).fit(x_train, y_train)
        out.writerow([activation, seed, net.n_iter_, round(net.score(x_test, y_test), 6)])
