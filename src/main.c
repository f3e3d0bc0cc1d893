/* main - deploy-db: the whole program is a command table (cmd/cmd.c) over a pipeline
 * (deploy/deploy.c). */
#include "cmd/cmd.h"

int main(int argc, char **argv)
{
    return cmd_run(argc, argv);
}
