// Package jupyter is a client of the Jupyter messaging protocol, version 5.3 and later
// (https://jupyter-client.readthedocs.io/en/stable/messaging.html): it starts a kernel from its kernelspec, talks to it
// over five ZeroMQ sockets with signed messages, and executes code.
//
//	Spec, ReadSpec      a kernelspec: the command line and environment of a kernel
//	Start               a running kernel process; its exit is seen at once
//	Client              the five channels: shell, control, iopub, stdin, heartbeat
//	Client.Execute      code in; streams, displays and errors out
//	Client.Interrupt    stop the running code; Client.Shutdown ends the kernel
//
// Replies are matched by the id of their parent, on whatever channel they come: GoNB answers requests of the control
// channel on the shell socket, which works because both sockets carry the same identity.
package jupyter
